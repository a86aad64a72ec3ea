#!/bin/sh
# Manuals are well formed and installed, and every flag, metric, finding,
# command and option of the tool has its text in them.
cd "${top_srcdir:-.}" || exit 2
bad=0

fail() {
	echo "$*"
	bad=1
}

for page in man/*; do
	grep -q "dist_man_MANS.*$page" Makefile.am || fail "$page: not in dist_man_MANS"
done
for flag in $(sed -n "s/^\t{ '\([a-zA-Z]\)', .*/\1/p" src/main.c 2>/dev/null); do
	grep -q "^\.It Fl $flag\( \|$\)" man/event-gateway.8 || fail "src/main.c: -$flag has no text in man/event-gateway.8"
done
for name in $(sed -n 's/^METRIC([^"]*"\([a-z_]*\)".*/\1/p' lib/shm/metric.def); do
	grep -q "^\.It Ic.* $name\( \|$\)" man/event-gateway.8 || fail "lib/shm/metric.def: $name has no text in man/event-gateway.8"
done
for name in $(sed -n 's/^COMMAND("\([a-z-]*\)".*/\1/p' src/egctl/command.def); do
	grep -q "^\.\(It \)\?Ic\(.* \| \)$name\( \|$\)" man/egctl.1 || fail "src/egctl/command.def: $name has no text in man/egctl.1"
done
for flag in $(sed -n 's/^OPTION([A-Z_0-9]*, "\([a-z-]*\)", "-\([a-z-]*\)".*/\1:\2/p' src/egctl/option.def); do
	awk -v command="${flag%%:*}" -v name="${flag#*:}" '
		/^\.It Ic / { at = $3 }
		$1 == ".It" && $2 == "Fl" && $3 == name && (command == "" || at == command) { found = 1 }
		END { exit !found }' man/egctl.1 || fail "src/egctl/option.def: $flag has no text in man/egctl.1"
done
for code in $(sed -n 's/^FINDING([A-Z_0-9]*, "\([a-z-]*\)".*/\1/p' lib/asyncapi/finding.def); do
	grep -q "^\.It Ic $code " man/event-gateway-findings.7 || fail "lib/asyncapi/finding.def: $code has no text in man/event-gateway-findings.7"
done
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning man/* || bad=1
else
	echo "mandoc is not here: the form of the manuals was not checked"
fi
exit $bad
