#!/bin/sh
# Manuals are well formed, and every manual of man/ is one that is installed.
cd "${top_srcdir:-.}" || exit 2
bad=0
for page in man/*; do
	grep -q "dist_man_MANS.*$page" Makefile.am || { echo "$page: not in dist_man_MANS"; bad=1; }
done
if command -v mandoc >/dev/null; then
	mandoc -Tlint -W warning man/* || bad=1
else
	echo "mandoc is not here: the form of the manuals was not checked"
fi
exit $bad
