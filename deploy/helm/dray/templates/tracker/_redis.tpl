{{/* How a tracker is told of its Redis. */}}
{{- define "dray.redisEnv" -}}
{{- with .Values.redis }}
{{- if .existingSecret.name }}
- name: DRAY_REDIS
  valueFrom:
    secretKeyRef:
      name: {{ .existingSecret.name }}
      key: {{ .existingSecret.key }}
{{- else if .url }}
- name: DRAY_REDIS
  value: {{ .url | quote }}
{{- else if .bundled.enabled }}
{{- if .bundled.existingSecret }}
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef:
      name: {{ .bundled.existingSecret }}
      key: password
- name: DRAY_REDIS
  value: redis://:$(REDIS_PASSWORD)@{{ include "dray.redisAddress" $ }}
{{- else }}
- name: DRAY_REDIS
  value: redis://{{ include "dray.redisAddress" $ }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
