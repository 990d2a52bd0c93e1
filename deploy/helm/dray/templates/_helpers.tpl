{{- define "dray.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Names of objects begin with it. The longest suffix has 17 characters. */}}
{{- define "dray.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "dray.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "dray.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{/* The labels of one component: (list $ "tracker"). */}}
{{- define "dray.labels" -}}
{{- $root := first . -}}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{ include "dray.selector" . }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The labels of its pods: a new version of the chart alone restarts nothing. */}}
{{- define "dray.podLabels" -}}
{{ include "dray.selector" . }}
{{- with (first .).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "dray.selector" -}}
{{- $root := first . -}}
app.kubernetes.io/name: {{ include "dray.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ last . }}
{{- end }}

{{/* A reference to an image: (list $ .Values.tracker.image). */}}
{{- define "dray.image" -}}
{{- $root := first . }}{{ $image := last . -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default $root.Chart.AppVersion $image.tag }}
{{- end }}
{{- end }}

{{/* Settings as environment variables. Lists and maps are one text. */}}
{{- define "dray.settings" -}}
{{- range $key, $value := . }}
{{- if kindIs "slice" $value }}{{ $value = join "," $value }}{{ end }}
{{- if kindIs "map" $value }}
{{- $pairs := list }}
{{- range $k, $v := $value }}{{ $pairs = append $pairs (printf "%s=%v" $k $v) }}{{ end }}
{{- $value = join "," $pairs }}
{{- end }}
{{- if kindIs "float64" $value }}{{ if eq $value (float64 (int64 $value)) }}{{ $value = int64 $value }}{{ end }}{{ end }}
{{ printf "DRAY_%s" ($key | upper | replace "-" "_") }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{- define "dray.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{/* What every container of ours may not do. */}}
{{- define "dray.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{/* The host and port of the bundled Redis. */}}
{{- define "dray.redisAddress" -}}
{{ include "dray.fullname" . }}-redis.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}.:6379
{{- end }}
