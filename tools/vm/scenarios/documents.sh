#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bad documents: each is refused with its errno, in the order of
# Documentation/ABI/testing/securityfs-modgate, changes nothing, and leaves one
# audit record and a message that names the rule.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner fleet maker stranger
openssl req -x509 -newkey rsa:3072 -nodes -subj "/CN=rsa" -keyout rsa.key -out rsa.pem 2>/dev/null
openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=weak" -keyout weak.key -out weak.pem 2>/dev/null

# The good documents, from which the bad ones are made below.
policy good-policy 3 --mode listed --authority "$owner_authority" \
	--authority fleet,fleet.pem,approve,required,2,0,5 \
	--authority rsa,rsa.pem,approve,0,3,0,1 --authority weak,weak.pem,approve,0,4,0,1 \
	--authority maker,maker.pem,vendor,0,5,0,1
list good-list owner 4 --module "$(digest one.ko)" --ban "$(digest two.ko)"
list good-fleet fleet 5 --module "$(digest one.ko)"
list good-rsa rsa 1 --module "$(digest one.ko)"

# One line per step, in order: file, errno, pattern of the rule.
steps=()
step() { steps+=("$1 $2 $3"); }

# raw NAME OFFSET HEX KIND RULE: a good document with some bytes changed before
# signing, so that only its form is wrong.
raw() {
	if [ "$4" = policy ]; then
		policy "$1" 3 --mode listed --authority "$owner_authority" --raw-set "$2=$3"
	else
		list "$1" owner 4 --module "$(digest one.ko)" --module "$(digest two.ko)" --raw-set "$2=$3"
	fi
	step "$1.bundle" EINVAL "*$5*"
}

# Certificates
step stranger.der EKEYREJECTED '*not?x20the?x20certificate*'
head -c 100 anchor.der >short.der
step short.der EKEYREJECTED '*not?x20the?x20certificate*'
step good-policy.bundle EKEYREJECTED '*anchor*not?x20known*'
step anchor.der ok '*'
step anchor.der EEXIST '*known?x20already*'

# Form: bundle
: >empty
step empty EINVAL '*bundle*'
head -c 24 good-policy.bundle >header-only
step header-only EINVAL '*bundle:*'
(cat good-policy.bundle; echo) >too-long
step too-long EINVAL '*exactly?x20one?x20write*'
cp good-policy.bundle split
step -2split EINVAL '*bundle:*'
# Form: document. Offsets are those of struct modgate_header (184 bytes).
raw bad-magic 0 6d policy magic:
raw bad-version 8 02 policy version:
raw bad-type 12 03 policy type:
raw list-type 12 02 policy mode:
raw bad-size 16 0000 policy size:
raw no-generation 24 0000000000000000 policy generation:
raw unknown-flags 136 08 policy flags:
raw no-mode 140 00 policy mode:
raw unknown-mode 140 04 policy mode:
raw bad-offset 144 00 policy section:
raw modules-in-policy 156 01 policy section:
raw oversize-count 148 ffffffff policy section:
raw overlap 152 b8000000 policy section:
raw unknown-role 232 10 policy roles:
raw not-required 236 00 policy flags:
raw slot-zero 240 00 policy slot:
raw reserved 244 01 policy reserved:
raw cert-offset 248 08 policy certificate:
raw cert-size 252 00000000 policy certificate:
raw list-mode 140 03 list mode:
raw list-flags 136 02 list flags:
raw unordered 304 0000 list entries:
raw duplicate 304 "$(printf '%s\n' "$(digest one.ko)" "$(digest two.ko)" | sort | sed -n 1p)" list entries:
raw module-flags 232 04 list flags:
raw name-padding 303 41 list name:

# Signer and signature
step good-list.bundle EKEYREJECTED '*no?x20local?x20policy*'
"$mkdoc" policy --key owner.key --cert owner.pem --generation 9 --mode listed \
	--authority "$owner_authority" --out owner-policy --bundle owner-policy.bundle
step owner-policy.bundle EKEYREJECTED '*signer:?x20not?x20the?x20anchor*'
"$mkdoc" policy --key owner.key --cert anchor.pem --generation 9 --mode listed \
	--authority "$owner_authority" --out forged-policy --bundle forged-policy.bundle
step forged-policy.bundle EKEYREJECTED '*signature:*'
policy other-policy 2 --mode listed --authority "$owner_authority"
"$mkdoc" bundle good-policy other-policy.sig --out swapped.bundle
step swapped.bundle EKEYREJECTED '*signature:*'
# Machine
policy elsewhere 3 --mode listed --authority "$owner_authority" --machine "$(digest one.ko)"
step elsewhere.bundle EXDEV '*machine:*'

step good-policy.bundle ok '*'
step good-policy.bundle EEXIST '*in?x20force?x20already*'
step other-policy.bundle EEXIST '*in?x20force?x20already*'
# The form is checked before that, and that before the signature.
step bad-magic.bundle EINVAL '*magic:*'
step forged-policy.bundle EEXIST '*in?x20force?x20already*'

# Lists
list stranger-list stranger 1 --module "$(digest one.ko)"
step stranger-list.bundle EKEYREJECTED '*no?x20authority*'
"$mkdoc" list --key stranger.key --cert owner.pem --generation 9 --module "$(digest one.ko)" --out forged-list \
	--bundle forged-list.bundle
step forged-list.bundle EKEYREJECTED '*signature:*'
list fleet-ban fleet 9 --ban "$(digest one.ko)"
step fleet-ban.bundle EKEYREJECTED '*without?x20the?x20role?x20ban*'
list fleet-vendor fleet 9 --vendor stranger.pem
step fleet-vendor.bundle EKEYREJECTED '*without?x20the?x20role?x20vendor*'
list maker-approves maker 1 --module "$(digest one.ko)"
step maker-approves.bundle EKEYREJECTED '*without?x20the?x20role?x20approve*'
list fleet-exclusive fleet 9 --exclusive --module "$(digest one.ko)"
step fleet-exclusive.bundle EKEYREJECTED '*without?x20the?x20role?x20exclusive*'
list fleet-old fleet 4 --module "$(digest one.ko)"
step fleet-old.bundle ESTALE '*floor*'
# The signature is checked before the machine, and the machine before the generation.
list list-elsewhere fleet 4 --machine "$(digest one.ko)" --module "$(digest one.ko)"
step list-elsewhere.bundle EXDEV '*machine:*'
"$mkdoc" list --key stranger.key --cert fleet.pem --generation 4 --machine "$(digest one.ko)" \
	--module "$(digest one.ko)" --out forged-elsewhere --bundle forged-elsewhere.bundle
step forged-elsewhere.bundle EKEYREJECTED '*signature:*'
openssl x509 -inform DER -in "$tree/certs/signing_key.x509" -out builtin.pem
list ban-builtin owner 9 --ban-cert builtin.pem
step ban-builtin.bundle EKEYREJECTED '*built?x20into?x20this?x20kernel*'
list weak-list weak 1 --module "$(digest one.ko)"
step weak-list.bundle EKEYREJECTED '*RSA-3072*'
step good-list.bundle ok '*'
step good-list.bundle EEXIST '*in?x20force?x20already*'
step forged-list.bundle EEXIST '*in?x20force?x20already*'
list newer-list owner 99
step newer-list.bundle EEXIST '*in?x20force?x20already*'
# Of two writes to one open file the first is in force, and the second refused.
step -agood-rsa.bundle EINVAL '*exactly?x20one?x20write*'

{
	echo "cd /root$work"
	echo "load_document -t good-policy.bundle good-list.bundle >/root/run/early-cut"
	for s in "${steps[@]}"; do
		read -r file errno _ <<<"$s"
		[ "$file $errno" = "good-policy.bundle ok" ] && echo "cd /sys/kernel/security/modgate; cat policy lists >>/root/run/early-policy; cd /root$work"
		case $file in
		-*) echo "load_document ${file:0:2} ${file:2} >>/root/run/early" ;;
		*) echo "load_document $file >>/root/run/early" ;;
		esac
	done
} >early
printf '%s\n' "${steps[@]}" >steps

guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" <<END
exec 3<steps
while read -r got && read -r file errno rule <&3; do
	records=1
	[[ \$file != -* ]] || records=2
	check "document \$((n += 1)), \$file: \$errno" "*result=\$errno audit=\$errno records=\$records *" "\$got"
	[ \$errno = ok ] || check "document \$n, \$file: audit record and error name the rule" "* rule=\${rule//\?x20/_} error=\$rule" "\$got"
done </run/early
check "each of the documents was tried" "$(wc -l <steps)" "\$(wc -l </run/early)"
check "nothing is in force before the good policy" "there is" "\$([ -e /run/early-policy ] && echo there is; head -c 100 /run/early-policy)"
while read -r file cut refused recorded; do
	cut=\${cut#cut=}
	check "\$file is refused if cut off at any byte" "refused=\$cut" "\$refused"
	check "\$file cut off at any byte: each time one audit record names the rule" "recorded=\$cut" "\$recorded"
done </run/early-cut
check "both documents were cut off" 2 "\$(wc -l </run/early-cut)"
check "the policy in force is the good one" "*digest=$(digest good-policy)*" "\$(cat \$modgate/policy)"
check "the owner's list in force is the good one" "*name=owner *digest=$(digest good-list)*" "\$(grep name=owner \$modgate/lists)"
check "a list signed with RSA-3072 is in force" "*loaded=yes*" "\$(grep name=rsa \$modgate/lists)"
check "the fleet's required list is missing" 1 "\$(state missing-lists)"
check "a third-party module is refused without the fleet's list" "\$(refused no-list)" "\$(load finit one.ko)"
END

# A recovery boot takes the local policy and no list, not even a good one.
cat >early <<END
cd /root$work
load_document anchor.der header-only good-policy.bundle good-list.bundle good-fleet.bundle >/root/run/early
END
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor) modgate.recovery=0" <<'END'
results() { sed -n 's/.*result=\([A-Za-z]*\) .*/\1/p' /run/early | tr '\n' ' '; }
check "recovery boot: the policy is accepted, and no list" "ok EINVAL ok EPERM EPERM " "$(results)"
check "recovery boot: each refused list leaves one audit record" "*good-list.bundle result=EPERM audit=EPERM records=1 *good-fleet.bundle result=EPERM audit=EPERM records=1 *" \
	"$(cat /run/early)"
check "recovery boot: state shows the boot kind and the policy" "recovery yes" "$(state boot-kind) $(state policy)"
check "recovery boot: a third-party module is refused" "$(refused no-list)" "$(load finit one.ko)"
END
finish
