{{- define "xdrift.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* 49 characters at most: Kubernetes gives jobs of a CronJob 11 more, and ours have suffixes. */}}
{{- define "xdrift.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "xdrift.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "xdrift.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "xdrift.selectorLabels" -}}
app.kubernetes.io/name: {{ include "xdrift.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "xdrift.labels" -}}
{{ include "xdrift.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "xdrift.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end }}

{{- define "xdrift.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "xdrift.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end }}

{{- define "xdrift.configMapName" -}}
{{ .Values.existingConfigMap | default (include "xdrift.fullname" .) }}
{{- end }}

{{- define "xdrift.storeSecretName" -}}
{{ .Values.store.existingSecret | default (printf "%s-store" (include "xdrift.fullname" .)) }}
{{- end }}

{{/* "true" where the history is an SQLite file on a volume that outlives the pod. */}}
{{- define "xdrift.onVolume" -}}
{{- if and (eq .Values.store.kind "sqlite") .Values.persistence.enabled }}true{{ end }}
{{- end }}

{{/* Values that are each allowed, but not together. */}}
{{- define "xdrift.validate" -}}
{{- $values := .Values }}
{{- $config := $values.config }}
{{- if and (eq $values.store.kind "sqlite") (gt (int $values.replicas) 1) }}
{{- fail (printf "replicas: %v with store.kind: sqlite: several pods cannot share an SQLite file. Set store.kind: postgresql with store.existingSecret, or replicas: 1." $values.replicas) }}
{{- end }}
{{- if and (eq $values.store.kind "sqlite") (or $values.store.existingSecret $values.store.create $values.store.url) }}
{{- fail "store.existingSecret, store.create and store.url are for store.kind: postgresql; the SQLite file is on the volume of persistence." }}
{{- end }}
{{- if eq $values.store.kind "postgresql" }}
{{- if and $values.store.create $values.store.existingSecret }}
{{- fail "store.create and store.existingSecret are both given: name the secret that exists, or let the chart make one." }}
{{- end }}
{{- if and $values.store.url (not $values.store.create) }}
{{- fail "store.url is used only with store.create: true; put the URL into a secret and name it in store.existingSecret." }}
{{- end }}
{{- if $values.store.create }}
{{- $_ := required "store.create: true needs store.url: postgresql+psycopg://USER:PASSWORD@HOST/DATABASE" $values.store.url }}
{{- else }}
{{- $_ := required "store.kind: postgresql needs store.existingSecret: the secret that holds the database's URL under the key store.key" $values.store.existingSecret }}
{{- end }}
{{- end }}
{{- if $values.existingConfigMap }}
{{- if $config }}
{{- fail "config and existingConfigMap are both given: the configuration stands in one place." }}
{{- end }}
{{- else if not $config.monitors }}
{{- fail "config.monitors is empty: put the content of your xdrift.yaml under config, or name a ConfigMap in existingConfigMap." }}
{{- end }}
{{- /* An empty part, as in `server:` with nothing below it, is no map. */}}
{{- if ($config.store | default dict).url }}
{{- fail "config.store.url stands in a ConfigMap, where passwords must not be: use store.kind and store.existingSecret." }}
{{- end }}
{{- $server := $config.server | default dict }}
{{- if or $server.host $server.port }}
{{- fail "config.server.host and config.server.port are set by the chart; service.port is what others connect to." }}
{{- end }}
{{- with ($config.reports | default dict).directory }}
{{- $written := dict "on" false "directory" (printf "%s/" (trimSuffix "/" .)) }}
{{- $mounts := list "/tmp" "/var/cache/xdrift" }}
{{- if eq $values.store.kind "sqlite" }}
{{- $mounts = append $mounts "/var/lib/xdrift" }}
{{- end }}
{{- range $values.extraVolumeMounts }}
{{- if not .readOnly }}
{{- $mounts = append $mounts .mountPath }}
{{- end }}
{{- end }}
{{- range $mounts }}
{{- if hasPrefix (printf "%s/" (trimSuffix "/" .)) $written.directory }}
{{- $_ := set $written "on" true }}
{{- end }}
{{- end }}
{{- if not $written.on }}
{{- fail (printf "config.reports.directory: %s cannot be written: the root filesystem is read-only. Mount a volume in extraVolumes and extraVolumeMounts and name a directory on it." .) }}
{{- end }}
{{- end }}
{{- if eq $values.mode "cronjob" }}
{{- $_ := required "mode: cronjob needs cronjob.pushgateway: nothing can be scraped between runs" $values.cronjob.pushgateway }}
{{- if gt (int $values.replicas) 1 }}
{{- fail "replicas are for mode: deployment; a cronjob runs one pod at a time." }}
{{- end }}
{{- if $values.serviceMonitor.enabled }}
{{- fail "serviceMonitor is for mode: deployment; with cronjobs let Prometheus scrape the Pushgateway, with honorLabels: true." }}
{{- end }}
{{- if $config.reports }}
{{- fail "config.reports are made by a daemon: use mode: deployment, or run `xdrift report weekly` elsewhere and leave reports out." }}
{{- end }}
{{- range $monitor := $config.monitors }}
{{- if $monitor.telemetry }}
{{- fail (printf "monitor %s has telemetry, which only a daemon reads: use mode: deployment, or leave telemetry out." $monitor.name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
