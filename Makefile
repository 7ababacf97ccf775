# SPDX-License-Identifier: GPL-2.0-only
#
# modgate: what to build, install, show and test. "make help" lists it.

vm := tools/vm/vm

all:
	$(MAKE) -C tools/modgate

help:
	@echo 'all          the admin tool (default)'
	@echo 'install      the tool, and what initramfs-tools and systemd need; DESTDIR, PREFIX'
	@echo 'demo         the whole story in virtual machines'
	@echo 'check        the tests, on both kernel series'
	@echo 'check-debug  the tests in virtual machines, with KASAN, lockdep and kmemleak'
	@echo 'check-long   the tests, and those that take hours or more kernels'
	@echo 'integrate    puts modgate into the kernel tree KERNEL=<tree>'
	@echo 'patch        writes a "git am" series per kernel series to build/patches;'
	@echo '             AUTHOR="Name <mail>" signs it off'
	@echo 'clean        removes what was built here; kernels stay in the cache'

demo: deps
	@tools/vm/demo

check check-debug check-long: deps
	@tools/vm/check $(patsubst check-%,--%,$(filter check-%,$@))

deps:
	@$(vm) deps

integrate:
	@tools/integrate/integrate $(if $(KERNEL),"$(KERNEL)",$(error give the kernel tree: make integrate KERNEL=<tree>))

patch: deps
	@AUTHOR='$(AUTHOR)' tools/integrate/mkseries build/patches

install:
	$(MAKE) -C tools/modgate install

clean:
	$(MAKE) -C tools/modgate clean
	rm -rf build

.PHONY: all help demo check check-debug check-long deps integrate patch install clean
