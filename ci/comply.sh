#!/bin/sh
# comply in any CI system: install it, check, and leave the reports in a folder.
#
#   COMPLY_INSTALL=git+https://example.com/comply@v0.1.0 sh comply.sh deploy/ --diff origin/main
#
# COMPLY_INSTALL is what pip installs, COMPLY_REPORTS the folder of the reports (default:
# .comply). Arguments go to `comply check`. Exit code: 0 clean, 1 violations, 2 could not check.
set -eu

if [ -z "${COMPLY_INSTALL:-}" ]; then
  echo "COMPLY_INSTALL is not set: it is what pip installs, such as a wheel or an address" >&2
  exit 2
fi
reports=${COMPLY_REPORTS:-.comply}
python3 -m venv "$reports/venv" || exit 2
"$reports/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  "$COMPLY_INSTALL" || exit 2
exec "$reports/venv/bin/comply" check -f text -f "junit=$reports/comply.xml" \
  -f "sarif=$reports/comply.sarif" -f "html=$reports/comply.html" "$@"
