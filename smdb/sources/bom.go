package smdb

import "bytes"

// withoutBOM takes the byte order mark off that Windows' editors, and some services, put before
// UTF-8. It says nothing.
func withoutBOM(text []byte) []byte { return bytes.TrimPrefix(text, []byte("\ufeff")) }
