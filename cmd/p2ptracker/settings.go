package main

import (
	"fmt"
	"reflect"
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
	value := reflect.ValueOf(c).Elem()
	list := make([]setting, value.NumField())
	for i := range list {
		tag := value.Type().Field(i).Tag
		list[i] = setting{
			name:         tag.Get("envconfig"),
			meaning:      tag.Get("desc"),
			defaultValue: tag.Get("default"),
			secret:       tag.Get("secret") == "true",
			tag:          tag,
			field:        value.Field(i),
		}
	}
	return list
}

// value is what may be shown of the present value.
func (s setting) value() string { return fmt.Sprint(s.field.Interface()) }

// isSecret says whether the present value must not be shown.
func (s setting) isSecret() bool {
	if u, ok := reflect.TypeAssert[httpURL](s.field); ok {
		return u.holdsUser()
	}
	return s.secret && !s.field.IsZero()
}
