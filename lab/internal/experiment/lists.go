package experiment

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Names is for flag.Func: it reads a list of names, parted by commas, of those there are.
func Names(to *[]string, all []string) func(string) error {
	return func(text string) error {
		*to = nil
		for name := range strings.SplitSeq(text, ",") {
			if !slices.Contains(all, name) {
				return fmt.Errorf("%q is none of %s", name, strings.Join(all, ", "))
			}
			*to = append(*to, name)
		}
		return nil
	}
}

// Numbers is for flag.Func: it reads a list of whole numbers, none of which is less than least.
func Numbers(to *[]int, separator string, least int) func(string) error {
	return func(text string) error {
		*to = nil
		for word := range strings.SplitSeq(text, separator) {
			n, err := strconv.Atoi(word)
			if err != nil || n < least {
				return fmt.Errorf("%q is no number from %d on", word, least)
			}
			*to = append(*to, n)
		}
		return nil
	}
}
