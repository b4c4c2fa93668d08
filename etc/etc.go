// Package etc holds configuration for others' programs. What tests run with is embedded.
package etc

import _ "embed" // for the files

// RtorrentRC is the configuration for rtorrent on every host of a push.
//
//go:embed rtorrent.rc
var RtorrentRC string
