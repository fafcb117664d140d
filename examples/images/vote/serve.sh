#!/bin/sh
# Serves the pages of a folder. The shell stays in front: as process 1, httpd alone would not hear the signal to stop.
trap 'exit 0' TERM
httpd -f -p 80 -h "$1" &
wait
