package main

import (
	"fmt"
	"reflect"
	"strings"
)

// setting is one field of a Config with what its tags say.
type setting struct {
	name         string
	meaning      string
	defaultValue string
	secret       bool
	tag          reflect.StructTag
	field        reflect.Value
}

// settings lists the fields of a Config in their order.
func settings(c *Config) []setting {
	return settingsIn(reflect.ValueOf(c).Elem())
}

// settingsIn lists those of a struct, and of the structs embedded in it.
func settingsIn(value reflect.Value) (list []setting) {
	for i := range value.NumField() {
		field := value.Type().Field(i)
		if field.Anonymous {
			list = append(list, settingsIn(value.Field(i))...)
			continue
		}
		list = append(list, setting{
			name:         field.Tag.Get("envconfig"),
			meaning:      field.Tag.Get("desc"),
			defaultValue: field.Tag.Get("default"),
			secret:       field.Tag.Get("secret") == "true",
			tag:          field.Tag,
			field:        value.Field(i),
		})
	}
	return list
}

// value is what may be shown of the present value.
func (s setting) value() string { return fmt.Sprint(s.field.Interface()) }

// program is the first word of a command.
func (s setting) program() string { return strings.Fields(s.value())[0] }

// hasArguments says whether the present value is a command whose arguments must not be shown.
func (s setting) hasArguments() bool {
	return s.tag.Get("secret") == "arguments" && len(strings.Fields(s.value())) > 1
}

// isSecret says whether the present value must not be shown.
func (s setting) isSecret() bool {
	if value, ok := reflect.TypeAssert[interface{ Secret() bool }](s.field); ok {
		return value.Secret()
	}
	return s.secret && !s.field.IsZero()
}
