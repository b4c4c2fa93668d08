package sources

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// parseHostsCSV reads a HOSTS_FILE in CSV (RFC 4180): address, path and, if it is known, hostname.
// It skips a first line with these words, empty lines and those that begin with #. Errors name
// the line.
//
//	address,path,hostname
//	10.1.2.3,dc1/r17,web1
//	2001:db8::7,dc1/r17
func parseHostsCSV(data []byte) (table, error) {
	r := csv.NewReader(bytes.NewReader(data))
	r.Comment = '#'
	r.FieldsPerRecord = -1 // counted below, for a plainer error
	r.TrimLeadingSpace = true
	t := hostsTable{}
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, csvError(err)
		}
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if first && isHeader(record) {
			continue
		}
		if err := t.addRecord(record); err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func (t hostsTable) addRecord(record []string) error {
	switch len(record) {
	case 2:
		return t.add(record[0], record[1], "")
	case 3:
		return t.add(record[0], record[1], record[2])
	}
	return fmt.Errorf("must be address,path or address,path,hostname, not %d fields", len(record))
}

func isHeader(record []string) bool {
	columns := []string{"address", "path", "hostname"}
	return len(record) > 1 && len(record) <= len(columns) &&
		slices.EqualFunc(record, columns[:len(record)], strings.EqualFold)
}

// csvError words the library's error as the other ones.
func csvError(err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("line %d: %w", parse.Line, parse.Err)
	}
	return err
}
