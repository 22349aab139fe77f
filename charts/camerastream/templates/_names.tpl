{{- define "camerastream.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The beginning of all names. Short enough for what is put behind it. */}}
{{- define "camerastream.fullname" -}}
{{- $name := include "camerastream.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "camerastream.operator.fullname" -}}
{{- include "camerastream.fullname" . }}-operator
{{- end -}}

{{- define "camerastream.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "camerastream.operator.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "camerastream.labels" -}}
app.kubernetes.io/name: camerastream-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: camerastream
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What the Deployment selects its pods by; never to be changed. */}}
{{- define "camerastream.operator.selectorLabels" -}}
app.kubernetes.io/name: camerastream-operator
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end -}}

{{/* Labels by which the operator marks the pods of all cameras. */}}
{{- define "camerastream.stream.selectorLabels" -}}
app.kubernetes.io/name: camerastream
app.kubernetes.io/component: stream
{{- end -}}

{{/* One name for every release: two operators in one scope would collide here, and shall. */}}
{{- define "camerastream.rbac.name" -}}
camerastream-operator
{{- end -}}

{{/* An image's reference. Takes a dict with root and image. */}}
{{- define "camerastream.image" -}}
{{- $repository := .image.repository -}}
{{- with .root.Values.imageRegistry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository -}}
{{- end -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The brokers, separated by commas, whichever way they were given. */}}
{{- define "camerastream.bootstrapServers" -}}
{{- $given := .Values.kafka.bootstrapServers | default list -}}
{{- if kindIs "string" $given -}}
{{- $given = splitList "," $given -}}
{{- end -}}
{{- $servers := list -}}
{{- range $given -}}
{{- with trim (toString .) -}}{{- $servers = append $servers . -}}{{- end -}}
{{- end -}}
{{- join "," $servers -}}
{{- end -}}
