{{/*
What runs once the chart's objects are deleted, in the order of the weights.
*/}}
{{- define "dray.restoreHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}
