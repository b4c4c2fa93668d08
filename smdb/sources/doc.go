// Package sources has the sources that LOCATION may name, and opens the chain of them.
//
//   - smdb asks the server-management database of the older tracker, over REST (rest*.go)
//   - http asks any service that answers in JSON (http.go, json*.go)
//   - dns-txt and dns-loc ask the DNS for TXT or LOC records (dns*.go)
//   - pattern reads the place from the host's name in the DNS, or from its address
//   - command asks a program (command*.go)
//   - subnet and file read a table that is in memory (subnet*.go, hosts*.go, tablefile.go)
//
// An answer that cannot be read is never smdb.ErrNotFound: the next source might name another
// rack. Several records of a host that name one rack are one answer (place.go).
package sources
