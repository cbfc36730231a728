{{- define "labels" }}
    app.kubernetes.io/name: {{ .Values.metadata.name }}
    app.kubernetes.io/managed-by: helm
    environment: {{ .Release.Namespace }}
    {{- range $key, $value := .Values.metadata.labels }}
    {{ $key }}: {{ $value | quote }}
    {{- end }}
{{- end }}
{{- define "head" }}
  name: {{ .Values.metadata.name }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- template "labels" . }}
{{- end }}
