package sources

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// kindsNamed are those that LOCATION names, in its order. It joins all errors.
func (s *Settings) kindsNamed(location string) ([]sourceKind, error) {
	all, named := s.kinds(), []sourceKind(nil)
	var wrong []error
	for name := range strings.SplitSeq(location, ",") {
		name = strings.TrimSpace(name)
		isIt := func(k sourceKind) bool { return k.name == name }
		i := slices.IndexFunc(all, isIt)
		switch {
		case i < 0:
			wrong = append(wrong, fmt.Errorf("LOCATION: there is no source %q; there are %s", name, strings.Join(namesOf(all), ", ")))
		case slices.ContainsFunc(named, isIt):
			wrong = append(wrong, fmt.Errorf("LOCATION: %s is named twice", name))
		default:
			named = append(named, all[i])
		}
	}
	return named, errors.Join(wrong...)
}

func namesOf(kinds []sourceKind) []string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = k.name
	}
	return names
}

// Check says which settings are set of sources that LOCATION does not name: they would have no
// effect. A setting may be set to its default, as a printed configuration does. Check joins all
// errors, each of which begins with the name of a setting.
func (s *Settings) Check(location string) error {
	kinds, err := s.kindsNamed(cmp.Or(location, s.defaultLocation()))
	if err != nil {
		return err
	}
	var wrong []error
	for source, value := range reflect.ValueOf(s).Elem().Fields() {
		owners := strings.Split(source.Tag.Get("source"), ",")
		needed := slices.ContainsFunc(kinds, func(k sourceKind) bool {
			return slices.Contains(owners, k.name) && (k.remote || source.Tag.Get("remote") != "true")
		})
		if needed {
			continue
		}
		for field, value := range value.Fields() {
			if isSet(field, value) {
				wrong = append(wrong, notNamed(field.Tag.Get("envconfig"), owners, location, kinds[0].name))
			}
		}
	}
	return errors.Join(wrong...)
}

func isSet(field reflect.StructField, value reflect.Value) bool {
	text := value.String() // of a URL, too, whose String method hides
	if value.Kind() != reflect.String {
		text = fmt.Sprint(value.Interface())
	}
	return !value.IsZero() && text != field.Tag.Get("default")
}

func notNamed(setting string, owners []string, location, first string) error {
	says := "LOCATION is " + location
	if location == "" {
		says = "LOCATION is not set, which means " + first
	}
	if len(owners) > 1 {
		return fmt.Errorf("%s: is set, but %s, which does not need it: %s do", setting, says, strings.Join(owners, ", "))
	}
	return fmt.Errorf("%s: is set, but %s: name %s in LOCATION, or do not set it", setting, says, owners[0])
}
