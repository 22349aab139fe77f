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
{{- end -}}

{{- define "camerastream.rbac.subjects" -}}
- kind: ServiceAccount
  name: {{ include "camerastream.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
