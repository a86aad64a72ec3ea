#!/bin/sh
# The unit file keeps its hardening: 15 of 100 on systemd's scale of exposure at most.
unit=${top_builddir:-.}/packaging/systemd/event-gateway.service
[ -f "$unit" ] || { echo "$unit is not built"; exit 1; }
! grep -n '@[a-z]*@' "$unit" || { echo "a name was not replaced"; exit 1; }
systemd-analyze security --help 2>/dev/null | grep -q -- --threshold || { echo "no systemd-analyze that judges files"; exit 77; }
systemd-analyze security --no-pager --offline=true --threshold=15 "$unit" >unit.log 2>&1 || { cat unit.log; rm -f unit.log; exit 1; }
tail -n 1 unit.log
rm -f unit.log
