{{/* The operator's settings as environment variables. */}}
{{- define "camerastream.operator.environment" -}}
- name: OPERATOR_DEFAULTS_FILE
  value: /etc/camerastream-operator/defaults.yaml
{{- if include "camerastream.cameras.given" . }}
- name: OPERATOR_CAMERAS_FILE
  value: /etc/camerastream-cameras/cameras.json
{{- end }}
- name: OPERATOR_WATCH_NAMESPACES
  value: {{ join "," .Values.operator.watchNamespaces | quote }}
- name: OPERATOR_LOG_LEVEL
  value: {{ .Values.operator.logLevel }}
- name: OPERATOR_LOG_FORMAT
  value: {{ .Values.operator.logFormat }}
- name: OPERATOR_MAX_ROLLING_PODS
  value: {{ .Values.operator.maxRollingPods | quote }}
- name: OPERATOR_LEASE_NAME
  value: {{ include "camerastream.operator.fullname" . }}
- name: OPERATOR_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: OPERATOR_POD_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
{{- end -}}

{{/* What every camera gets whose spec leaves it out; the operator reads it again when it changes. */}}
{{- define "camerastream.operator.defaults" -}}
stream:
  image: {{ include "camerastream.image" (dict "root" . "image" .Values.stream.image) | quote }}
  imagePullPolicy: {{ .Values.stream.image.pullPolicy | quote }}
  imagePullSecrets:
    {{- $names := list }}
    {{- range .Values.imagePullSecrets }}{{ $names = append $names .name }}{{ end }}
    {{- toYaml $names | nindent 4 }}
  thresholdSeconds: {{ .Values.stream.thresholdSeconds }}
  bootstrapServers:
    {{- splitList "," (include "camerastream.bootstrapServers" .) | toYaml | nindent 4 }}
  resources:
    {{- toYaml .Values.stream.resources | nindent 4 }}
fleet:
  {{- toYaml .Values.fleetGuard | nindent 2 }}
{{- end -}}
