#!/bin/sh
# Includes go down the module table of HACKING ("Modules"), third-party headers appear
# only in the modules named there. Prints each offence; exits 1 when there is one.
cd "${top_srcdir:-.}" || exit 2

# module: modules that it may include : third-party header prefixes
table='
lib/base : :
lib/json : base :
lib/tree : base json : yaml.h
lib/image : base :
lib/schema : base json image : pcre2.h idn2.h
lib/compile : base json tree image schema : pcre2.h idn2.h
lib/contract : base image schema :
lib/asyncapi : base json tree image schema compile contract :
lib/pipeline : base contract schema :
lib/compress : base : zlib.h lz4frame.h lz4.h zstd.h zstd_errors.h snappy-c.h
lib/kafka : base compress :
lib/shm : base :
src/master : base image shm master settings.h heritage.h control.h : event2/ systemd/
src/loader : base json tree image schema compile contract asyncapi pipeline kafka shm loader settings.h heritage.h control.h : yaml.h openssl/
src/worker : base json image schema contract pipeline compress kafka shm worker settings.h heritage.h control.h : event2/ openssl/
src/courier : base image shm courier settings.h heritage.h control.h : librdkafka/
src/admin : base image shm admin settings.h heritage.h control.h : event2/ openssl/ jansson.h
src/egctl : base json tree image schema compile contract asyncapi pipeline compress kafka shm egctl settings.h heritage.h control.h loader : jansson.h librdkafka/ event2/
'
offences=$(find lib src -name '*.[ch]' | sort | while read -r file; do
	case $file in
	lib/*) module=$(echo "$file" | cut -d/ -f1,2) ;;
	src/*/*) module=$(echo "$file" | cut -d/ -f1,2) ;;
	*) continue ;;
	esac
	row=$(echo "$table" | grep "^$module :") || { echo "$file: module $module is not in the table"; continue; }
	own=${module##*/}
	allowed=" config.h $own $(echo "$row" | cut -d: -f2) "
	third=" $(echo "$row" | cut -d: -f3) "
	sed -n 's/^#include "\([^"]*\)".*/\1/p' "$file" | while read -r inc; do
		case $allowed in *" ${inc%%/*} "*) ;; *) echo "$file: includes \"$inc\", which $module may not" ;; esac
	done
	sed -n 's/^# *include <\([^>]*\)>.*/\1/p' "$file" | grep -E '^(event2/|openssl/|jansson|yaml|pcre2|idn2|zlib|lz4|zstd|snappy|librdkafka/|systemd/)' |
	while read -r inc; do
		ok=no
		for t in $third; do case $inc in "$t"*) ok=yes ;; esac; done
		[ $ok = yes ] || echo "$file: includes <$inc>, which $module may not"
	done
done)
[ -z "$offences" ] || { echo "$offences"; exit 1; }
