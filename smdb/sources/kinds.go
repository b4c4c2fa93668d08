package smdb

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// sourceKind is one line of Settings.
type sourceKind struct {
	opener
	name   string
	remote bool
}

func kindsOf(s *Settings) []sourceKind {
	value := reflect.ValueOf(s).Elem()
	var kinds []sourceKind
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		if o, ok := reflect.TypeAssert[opener](value.Field(i).Addr()); ok {
			remote := tag.Get("remote") == "true"
			if asked, ok := o.(interface{ isRemote() bool }); ok {
				remote = asked.isRemote()
			}
			kinds = append(kinds, sourceKind{opener: o, name: tag.Get("source"), remote: remote})
		}
	}
	return kinds
}

// kindsNamed are those that LOCATION names, in its order. It joins all errors.
func kindsNamed(location string, s *Settings) ([]sourceKind, error) {
	all, named := kindsOf(s), []sourceKind(nil)
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
// effect. To set one to its default says nothing, as a printed configuration does. It joins all
// errors, each of which begins with the name of a setting.
func (s *Settings) Check(location string) error {
	kinds, err := kindsNamed(cmp.Or(location, s.defaultLocation()), s)
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
