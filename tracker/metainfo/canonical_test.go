package metainfo

import (
	"strings"
	"testing"
)

// around puts a value into a torrent that is good without it, beside info.
func around(t *testing.T, value string) string {
	t.Helper()
	return strings.TrimSuffix(encode(t, single), "e") + "1:z" + value + "e"
}

// TestCanonical: info must be canonical, and around it keys may stand as they like.
func TestCanonical(t *testing.T) {
	good := encode(t, single)
	plain, err := Parse([]byte(good), "deploy")
	if err != nil {
		t.Fatal(err)
	}
	nested := func(depth int) string {
		return around(t, strings.Repeat("l", depth)+strings.Repeat("e", depth))
	}
	for name, test := range map[string]struct {
		data string
		want error
	}{
		"good":                  {around(t, "i-1e"), nil},
		"smallest integer":      {around(t, "i-9223372036854775808e"), nil},
		"largest integer":       {around(t, "i9223372036854775807e"), nil},
		"deepest":               {nested(maxDepth - 1), nil},
		"empty key":             {around(t, "d0:i1ee"), nil},
		"key before its prefix": {around(t, "d1:ai1e2:aai1ee"), nil},

		"newline at the end":           {good + "\n", nil},
		"white space at the end":       {good + "\r\n\r\n \t", nil},
		"unsorted beside info":         {"d" + good[strings.Index(good, "4:info"):len(good)-1] + "8:announce1:xe", nil},
		"unsorted farther inside":      {around(t, "d1:bi1e1:ai1ee"), nil},
		"prefix after its word":        {around(t, "d2:aai1e1:ai1ee"), nil},
		"duplicate beside info":        {"d8:announce1:x" + good[1:], nil},
		"duplicate farther inside":     {around(t, "d0:i1e0:i1ee"), nil},
		"info below, and unsorted":     {around(t, "d4:infod1:bi1e1:ai1eee"), nil},
		"unsorted behind info":         {around(t, "d1:bi1e1:ai1ee") + "\n", nil},
		"a value behind the end":       {good + "i1e", nil},
		"zero byte behind the end":     {good + "\x00", nil},
		"newline before the beginning": {"\n" + good, errNotDict},
		"newline inside":               {good[:len(good)-1] + "\ne", errKey},

		"nothing":               {"", errNotDict},
		"a page":                {"<html>", errNotDict},
		"a list":                {"le", errNotDict},
		"only a d":              {"d", errEnd},
		"no info":               {"de", errNoInfo},
		"deeper info":           {"d1:ad4:infod1:xi1eeee", errNoInfo},
		"cut short":             {good[:len(good)-1], errEnd},
		"cut in pieces":         {good[:len(good)-9], errStringLong},
		"cut after a key":       {"d4:info", errEnd},
		"cut in a length":       {"d4", errEnd},
		"cut in an integer":     {"d1:ai12", errEnd},
		"twice":                 {good + good, nil},
		"unsorted":              {"d4:infod1:bi1e1:ai1eee", errUnsorted},
		"duplicate":             {"d4:infod1:ai1e1:ai1eee", errDuplicate},
		"unsorted within info":  {"d4:infod1:zd1:bi1e1:ai1eeee", errUnsorted},
		"in a list within info": {"d4:infod1:zld1:bi1e1:ai1eeeee", errUnsorted},
		"duplicate within info": {"d4:infod1:zd0:i1e0:i1eeee", errDuplicate},
		"info twice":            {good[:len(good)-1] + good[strings.Index(good, "4:info"):], errInfoTwice},
		"key is an integer":     {around(t, "di1ei1ee"), errKey},
		"key without value":     {around(t, "d1:ae"), errByte},
		"leading zero":          {around(t, "i01e"), errIntegerZero},
		"zeros":                 {around(t, "i00e"), errIntegerZero},
		"negative leading zero": {around(t, "i-01e"), errIntegerZero},
		"negative zero":         {around(t, "i-0e"), errIntegerZero},
		"no digits":             {around(t, "ie"), errInteger},
		"only a sign":           {around(t, "i-e"), errInteger},
		"plus":                  {around(t, "i+1e"), errInteger},
		"fraction":              {around(t, "i1.5e"), errInteger},
		"space":                 {around(t, "i 1e"), errInteger},
		"too large":             {around(t, "i9223372036854775808e"), errIntegerBig},
		"too small":             {around(t, "i-9223372036854775809e"), errIntegerBig},
		"huge":                  {around(t, "i"+strings.Repeat("9", 1<<20)+"e"), errIntegerBig},
		"string too long":       {around(t, "99999:x"), errStringLong},
		"string far too long":   {around(t, strings.Repeat("9", 1<<20)+":x"), errStringLong},
		"string length 2^31":    {around(t, "2147483648:x"), errStringLong},
		"zero before a length":  {around(t, "01:x"), errStringZero},
		"zeros for a length":    {around(t, "00:"), errStringZero},
		"no colon":              {around(t, "1x"), errString},
		"negative length":       {around(t, "-1:x"), errByte},
		"unknown byte":          {around(t, "x"), errByte},
		"too deep":              {nested(maxDepth), errDepth},
		"far too deep":          {"d4:info" + strings.Repeat("l", 1<<20), errDepth},
		"deep dictionaries":     {"d4:info" + strings.Repeat("d1:a", 1<<20), errDepth},
		"too many values":       {around(t, "l"+strings.Repeat("le", maxValues)+"e"), errValues},
	} {
		t.Run(name, func(t *testing.T) {
			if test.want != nil {
				refused(t, test.data, test.want)
				return
			}
			got, err := Parse([]byte(test.data), "deploy")
			if err != nil || string(got.File) != test.data || got.InfoHash != plain.InfoHash {
				t.Errorf("error %v, hash %s of %q", err, got.InfoHash, got.File)
			}
		})
	}
}
