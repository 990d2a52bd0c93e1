{{/* The token of the admin API as a variable, if there is one. */}}
{{- define "dray.adminToken" -}}
{{- with .Values.tracker.adminTokenSecret }}
{{- if .name }}
- name: DRAY_ADMIN_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
