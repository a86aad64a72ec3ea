#!/bin/sh
# The completion of each shell is made of every command and option of the tables, is well
# formed, and, in bash, says what it should.
cd "${top_srcdir:-.}" || exit 2
bad=0
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT

fail() {
	echo "$*"
	bad=1
}

for shell in bash zsh fish; do
	sh packaging/completion/generate $shell . >"$work/$shell" || fail "generate $shell failed"
	if command -v $shell >/dev/null; then
		$shell -n "$work/$shell" || fail "the completion of $shell is not well formed"
	else
		echo "$shell is not here: the form of its completion was not checked"
	fi
	for name in $(sed -n 's/^COMMAND("\([a-z-]*\)", egctl_.*/\1/p' src/egctl/command.def); do
		grep -qw -- "$name" "$work/$shell" || fail "$shell: no completion of $name"
	done
	for name in $(sed -n 's/^OPTION(.*, "--*\([a-z-]*\)", ".*", ".*")$/\1/p' src/egctl/option.def); do
		grep -q -- "[- ]$name[][ )\"]" "$work/$shell" || fail "$shell: no completion of the option $name"
	done
done
[ "$(grep -c '^OPTION(' src/egctl/option.def)" = "$(sed -n 's/^OPTION(.*, "--*\([a-z-]*\)", ".*", ".*")$/\1/p' src/egctl/option.def | wc -l)" ] ||
	fail "src/egctl/option.def: a row has another shape"

# complete WORD...: what bash offers for the last word.
offers() {
	bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _egctl; echo "${COMPREPLY[*]}"' "$work/bash" "$@"
}
expect() {
	wanted=$1
	shift
	[ "$(offers "$@")" = "$wanted" ] || fail "bash offers \"$(offers "$@")\" for \"$*\"; expected \"$wanted\""
}
if command -v bash >/dev/null; then
	expect lint egctl li
	expect "text json sarif github" egctl lint --format ""
	expect "error" egctl validate --fail-on e
	expect "--summary" egctl test --su
	expect "--admin" egctl --a
	expect "src/egctl/command.def" egctl lint src/egctl/command.d
fi
exit $bad
