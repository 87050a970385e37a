{{/* One pod, whoever runs it: root, component, args; probes for the daemon. Indented by the caller. */}}
{{- define "xdrift.podMetadata" -}}
{{- $root := .root -}}
labels:
  {{- include "xdrift.labels" $root | nindent 2 }}
  app.kubernetes.io/component: {{ .component }}
  {{- with $root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
annotations:
  {{- if not $root.Values.existingConfigMap }}
  checksum/config: {{ include (print $root.Template.BasePath "/configmap.yaml") $root | sha256sum }}
  {{- end }}
  {{- if $root.Values.store.create }}
  checksum/store: {{ include (print $root.Template.BasePath "/secret.yaml") $root | sha256sum }}
  {{- end }}
  kubectl.kubernetes.io/default-container: xdrift
  {{- with $root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}

{{- define "xdrift.podSpec" -}}
{{- $root := .root }}
{{- $values := $root.Values -}}
serviceAccountName: {{ include "xdrift.serviceAccountName" $root }}
automountServiceAccountToken: false
enableServiceLinks: false
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
securityContext:
  {{- toYaml $values.podSecurityContext | nindent 2 }}
{{- if and $values.migrations.enabled (ne .component "test") }}
initContainers:
  - name: migrate
    {{- include "xdrift.container" (dict "root" $root "args" (list "db" "upgrade")) | nindent 4 }}
{{- end }}
containers:
  - name: xdrift
    {{- include "xdrift.container" (dict "root" $root "args" .args) | nindent 4 }}
    {{- if .daemon }}
    ports:
      - {name: http, containerPort: 9464, protocol: TCP}
    # Answers once the configuration is read, the database is migrated and the monitors are registered.
    startupProbe:
      httpGet: {path: /livez, port: http}
      periodSeconds: 5
      timeoutSeconds: 3
      failureThreshold: 60
    # Does the scheduler beat? Never asks the database, so that its outage restarts nothing.
    livenessProbe:
      httpGet: {path: /livez, port: http}
      periodSeconds: 20
      timeoutSeconds: 5
      failureThreshold: 3
    readinessProbe:
      httpGet: {path: /readyz, port: http}
      periodSeconds: 10
      timeoutSeconds: 5
      failureThreshold: 3
    {{- end }}
volumes:
  - name: config
    configMap:
      name: {{ include "xdrift.configMapName" $root }}
  {{- if eq $values.store.kind "postgresql" }}
  - name: store-url
    secret:
      secretName: {{ include "xdrift.storeSecretName" $root }}
      defaultMode: 0440
      items: [{key: {{ $values.store.key | quote }}, path: url}]
  {{- else }}
  - name: data
    {{- if $values.persistence.enabled }}
    persistentVolumeClaim:
      claimName: {{ $values.persistence.existingClaim | default (include "xdrift.fullname" $root) }}
    {{- else }}
    emptyDir: {}
    {{- end }}
  {{- end }}
  {{- range $values.secretFiles }}
  - name: secret-{{ .name | lower | replace "_" "-" }}
    secret:
      secretName: {{ .existingSecret }}
      defaultMode: 0440
      items: [{key: {{ .key | quote }}, path: value}]
  {{- end }}
  # The root filesystem is read-only: temporary files, and machine code that numba keeps.
  - name: tmp
    emptyDir: {}
  - name: cache
    emptyDir: {}
  {{- with $values.extraVolumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "xdrift.container" -}}
{{- $root := .root }}
{{- $values := $root.Values -}}
image: {{ include "xdrift.image" $root | quote }}
imagePullPolicy: {{ $values.image.pullPolicy }}
args: {{ toJson .args }}
env:
  - {name: XDRIFT_CONFIG, value: /etc/xdrift/config/xdrift.yaml}
  - {name: XDRIFT_SERVER__HOST, value: "0.0.0.0"}
  - {name: XDRIFT_SERVER__PORT, value: "9464"}
  {{- if eq $values.store.kind "postgresql" }}
  - {name: XDRIFT_STORE__URL_FILE, value: /etc/xdrift/store/url}
  {{- else }}
  - {name: XDRIFT_STORE__URL, value: "sqlite:////var/lib/xdrift/xdrift.db"}
  {{- end }}
  {{- range $values.secretFiles }}
  - {name: {{ .name }}_FILE, value: /etc/xdrift/secrets/{{ .name }}/value}
  {{- end }}
  - {name: NUMBA_CACHE_DIR, value: /var/cache/xdrift/numba}
  - {name: MPLCONFIGDIR, value: /var/cache/xdrift/matplotlib}
  # Libraries count the node's cores unless told how many are theirs.
  - name: OMP_NUM_THREADS
    valueFrom: {resourceFieldRef: {resource: limits.cpu}}
  - name: NUMBA_NUM_THREADS
    valueFrom: {resourceFieldRef: {resource: limits.cpu}}
  {{- with $values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: config, mountPath: /etc/xdrift/config, readOnly: true}
  {{- if eq $values.store.kind "postgresql" }}
  - {name: store-url, mountPath: /etc/xdrift/store, readOnly: true}
  {{- else }}
  - {name: data, mountPath: /var/lib/xdrift}
  {{- end }}
  {{- range $values.secretFiles }}
  - {name: secret-{{ .name | lower | replace "_" "-" }}, mountPath: /etc/xdrift/secrets/{{ .name }}, readOnly: true}
  {{- end }}
  - {name: tmp, mountPath: /tmp}
  - {name: cache, mountPath: /var/cache/xdrift}
  {{- with $values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  {{- toYaml $values.securityContext | nindent 2 }}
{{- end }}
