package process

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// Settings reads one typed struct from, in rising order of precedence, its
// present values, a YAML or TOML file, environment variables and flags.
//
// Every field needs two tags: `mapstructure:"peer-listen"`, its key, and
// `usage:"…"`. The key is the name of the flag and of the file's entry; the
// environment variable is DRAY_PEER_LISTEN. Field types are string, bool, int,
// int64, float64, time.Duration, []string and map[string]string. Keys that do not
// exist are errors, in the file and on the command line.
type Settings struct {
	cfg   any
	flags *pflag.FlagSet
}

// Bind adds a flag for every field of cfg, a pointer to a struct, and one
// named "config" for the file.
func Bind(cmd *cobra.Command, cfg any) *Settings {
	flags := cmd.Flags()
	flags.StringP("config", "c", "", "file with these settings (YAML, TOML or JSON)")
	for f, v := range fields(cfg) {
		addFlag(flags, f, v)
	}
	return &Settings{cfg: cfg, flags: flags}
}

// Read fills the struct. Call it once the flags are parsed.
func (s *Settings) Read() error {
	v := viper.New()
	v.SetEnvPrefix("dray")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	for f := range fields(s.cfg) {
		key := f.Tag.Get("mapstructure")
		if err := v.BindPFlag(key, s.flags.Lookup(key)); err != nil {
			return err
		}
	}
	if file, _ := s.flags.GetString("config"); file != "" {
		v.SetConfigFile(file)
		if err := v.ReadInConfig(); err != nil {
			return fmt.Errorf("settings: %w", err)
		}
	}
	if err := v.UnmarshalExact(s.cfg, viper.DecodeHook(decodeHook)); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

// Lists are separated by commas, maps are lists of key=value: the same on the
// command line and in the environment.
var decodeHook = mapstructure.ComposeDecodeHookFunc(
	mapstructure.StringToTimeDurationHookFunc(),
	mapstructure.StringToSliceHookFunc(","),
	stringToMap,
)

func stringToMap(from, to reflect.Type, data any) (any, error) {
	if from.Kind() != reflect.String || to.Kind() != reflect.Map {
		return data, nil
	}
	m := map[string]string{}
	for pair := range strings.SplitSeq(strings.Trim(data.(string), "[]"), ",") {
		if pair == "" {
			continue
		}
		k, v, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not key=value", pair)
		}
		m[k] = v
	}
	return m, nil
}

func fields(cfg any) func(func(reflect.StructField, reflect.Value) bool) {
	v := reflect.ValueOf(cfg).Elem()
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for i := range v.NumField() {
			if !yield(v.Type().Field(i), v.Field(i)) {
				return
			}
		}
	}
}

func addFlag(flags *pflag.FlagSet, f reflect.StructField, v reflect.Value) {
	key, usage := f.Tag.Get("mapstructure"), f.Tag.Get("usage")
	switch value := v.Interface().(type) {
	case string:
		flags.String(key, value, usage)
	case bool:
		flags.Bool(key, value, usage)
	case int:
		flags.Int(key, value, usage)
	case int64:
		flags.Int64(key, value, usage)
	case float64:
		flags.Float64(key, value, usage)
	case time.Duration:
		flags.Duration(key, value, usage)
	case []string:
		flags.StringSlice(key, value, usage)
	case map[string]string:
		flags.StringToString(key, value, usage)
	default:
		panic(fmt.Sprintf("process: setting %s has unsupported type %s", key, f.Type))
	}
}
