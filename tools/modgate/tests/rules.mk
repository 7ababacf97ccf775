# SPDX-License-Identifier: GPL-2.0-only
#
# Tests of the tool; included by ../Makefile.

TEST_OBJECTS	:= $(patsubst %.c,$(B)/%.o,$(wildcard tests/*.c))
MKDOC		?= tests/mkdoc
FUZZ_CC		?= clang
FUZZ_CFLAGS	:= -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
RUNS		?= -1
SECONDS		?= 60

tests: $(MKDOC) $(B)/document_test $(B)/load_test $(B)/device_test $(B)/confine_test \
       $(B)/verdict_test

$(MKDOC): $(B)/tests/mkdoc.o $(B)/tests/mkdoc_build.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/document_test: $(B)/tests/document_test.o $(B)/tests/limits_test.o \
		    $(B)/tests/sample.o $(B)/tests/tap.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Its own functions come before those of libkmod.
$(B)/load_test: $(B)/tests/load_test.o $(B)/tests/tap.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/device_test: $(B)/tests/device_test.o $(B)/tests/tap.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/confine_test: $(B)/tests/confine_test.o $(B)/tests/tap.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/verdict_test: $(B)/tests/verdict_test.o $(B)/tests/tap.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# The tool, with passphrases that cost little: under emulation each takes a second and more.
CHEAP		:= -DSCRYPT_N=1024 -DSCRYPT_P=1

$(B)/quick/provider_file.o: lib/keys/provider_file.c $(B)/include/linux/modgate.h
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(CHEAP) $(call seen,$<) -c -o $@ $<

$(B)/quick/modgate: $(OBJECTS:$(B)/lib/keys/provider_file.o=$(B)/quick/provider_file.o)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/fuzz_seeds: $(B)/tests/fuzz_seeds.o $(B)/tests/sample.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Sources and not objects: all of it has to be instrumented.
$(B)/fuzz_document: tests/fuzz_document.c lib/document/draft.c lib/base/output.c \
		    lib/base/say.c lib/base/text.c $(TOP)/security/modgate/document.c \
		    $(TOP)/security/modgate/document_find.c $(B)/include/linux/modgate.h
	$(FUZZ_CC) -O1 -g -std=gnu11 -D_GNU_SOURCE -Wall -Wextra $(WERROR) \
		$(FUZZ_CFLAGS) -I$(B)/include $(call seen,$<) \
		$(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) -o $@ \
		$(filter %.c,$^) $(LIBS)

fuzz: fuzz-document fuzz-name fuzz-files

fuzz-document: $(B)/fuzz_document $(B)/fuzz_seeds
	rm -rf $(B)/corpus $(B)/seeds
	mkdir -p $(B)/corpus $(B)/seeds
	$(B)/fuzz_seeds $(B)/seeds
	$(B)/fuzz_document -max_len=65536 -runs=$(RUNS) \
		-max_total_time=$(SECONDS) -artifact_prefix=$(B)/ \
		$(B)/corpus $(B)/seeds

$(B)/fuzz_module_name: tests/fuzz_module_name.c $(TOP)/security/modgate/module_name.c
	@mkdir -p $(@D)
	$(FUZZ_CC) -O1 -g -std=gnu11 -Wall -Wextra $(WERROR) $(FUZZ_CFLAGS) \
		-I$(TOP)/security/modgate -o $@ $^

# The seed is a module to be read, not one of the tests.
fuzz-name: $(B)/fuzz_module_name
	rm -rf $(B)/corpus_name $(B)/seeds_name
	mkdir -p $(B)/corpus_name $(B)/seeds_name
	$(CC) -c -o $(B)/seeds_name/seed.o tests/module_seed.c
	$(B)/fuzz_module_name -max_len=4096 -runs=$(RUNS) \
		-max_total_time=$(SECONDS) -artifact_prefix=$(B)/ \
		$(B)/corpus_name $(B)/seeds_name

# Modules of all kinds of signatures, to be mutated; made by programs that people have.
$(B)/seeds_files/done: tests/fuzz_files_seeds.sh tests/module_seed.c tests/cli_lib.sh | $(TOOL)
	rm -rf $(@D)
	mkdir -p $(@D)
	tests/fuzz_files_seeds.sh $(TOOL) $(@D)
	touch $@

$(B)/fuzz_files: $(B)/tests/fuzz_files.o $(LIB_OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# FUZZ_FILES_CFLAGS= for a build without sanitizers, which is faster and has all limits.
FUZZ_FILES_CFLAGS ?= -fsanitize=address,undefined -fno-sanitize-recover=all \
		     -fno-omit-frame-pointer -DMODGATE_DUMPABLE
SEED		?= 1
FILES		?= 3000

fuzz-files: $(B)/seeds_files/done
	$(MAKE) -s B=$(B)/fuzz CC=$(FUZZ_CC) CFLAGS="-O1 -g $(FUZZ_FILES_CFLAGS)" \
		$(B)/fuzz/fuzz_files
	$(B)/fuzz/fuzz_files --seed=$(SEED) --runs=$(FILES) $(B)/seeds_files/root \
		$(B)/fuzz $(B)/seeds_files/one.crt $(B)/seeds_files/*.ko

check:
	tests/check.sh

-include $(TEST_OBJECTS:.o=.d) $(B)/quick/provider_file.d
