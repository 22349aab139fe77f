{{/* Every call that the operator makes where its cameras are, and no other. */}}
{{- define "camerastream.rbac.rules" -}}
- apiGroups: [camerastream.dev]
  resources: [camerastreams]
  verbs: [get, list, watch]
- apiGroups: [camerastream.dev]
  resources: [camerastreams/status]
  verbs: [patch]
# For blockOwnerDeletion, where OwnerReferencesPermissionEnforcement is on.
- apiGroups: [camerastream.dev]
  resources: [camerastreams/finalizers]
  verbs: [update]
# Server-side apply of a new object needs create and patch.
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [get, list, create]
{{- if include "camerastream.cameras.given" . }}
# For the cameras of the values only. Server-side apply of a new object needs create and patch.
- apiGroups: [camerastream.dev]
  resources: [camerastreams]
  verbs: [create, patch, delete]
{{- end }}
{{- end -}}

{{- define "camerastream.rbac.subjects" -}}
- kind: ServiceAccount
  name: {{ include "camerastream.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
