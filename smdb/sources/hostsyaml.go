package sources

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v4"
)

// parseHostsYAML reads a HOSTS_FILE in YAML: one document, a mapping from each address to its
// path, or to its path and hostname. Errors name the line.
//
//	10.1.2.3: dc1/r17
//	2001:db8::7: {path: dc1/r17, hostname: web1}
//
// It reads nodes and not a map, for the line numbers, for repeated addresses, and because 017 is
// the rack 017 and not 15.
func parseHostsYAML(data []byte) (table, error) {
	var document yaml.Node
	if err := yaml.Load(data, &document); err != nil {
		return nil, yamlError(err)
	}
	root := document.Content[0] // a document has one; without one there is an error
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: must be a mapping, with lines like 10.1.2.3: dc1/r17", root.Line)
	}
	t := hostsTable{}
	for i := 0; i < len(root.Content); i += 2 {
		if err := t.addNodes(root.Content[i], root.Content[i+1]); err != nil {
			return nil, fmt.Errorf("line %d: %w", root.Content[i].Line, err)
		}
	}
	return t, nil
}

func (t hostsTable) addNodes(key, value *yaml.Node) error {
	address, err := scalar(key)
	if err != nil {
		return fmt.Errorf("address: %w", err)
	}
	if value.Kind != yaml.MappingNode {
		path, err := scalar(value)
		if err != nil {
			return fmt.Errorf("path: %w", err)
		}
		return t.add(address, path, "")
	}
	fields := map[string]string{}
	for i := 0; i < len(value.Content); i += 2 {
		name := value.Content[i].Value
		if _, twice := fields[name]; twice || (name != "path" && name != "hostname") {
			return fmt.Errorf("may hold path and hostname once each, not %.80q", name)
		}
		if fields[name], err = scalar(value.Content[i+1]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return t.add(address, fields["path"], fields["hostname"])
}

// scalar is the text of a scalar as it is written. Aliases are not followed: with them a small
// file could mean a huge one.
func scalar(node *yaml.Node) (string, error) {
	if node.Kind != yaml.ScalarNode {
		return "", errors.New("must be a word")
	}
	if node.ShortTag() == "!!null" {
		return "", nil
	}
	return node.Value, nil
}

// yamlError words the library's error as the other ones.
func yamlError(err error) error {
	var load *yaml.LoadError
	if errors.As(err, &load) && load.Mark.Line > 0 {
		return fmt.Errorf("line %d: %s", load.Mark.Line, load.Message)
	}
	return err
}
