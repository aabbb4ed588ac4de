import type { Shape } from './shape.ts'
import { field, listOf, mapTo, struct } from './shape.ts'
import * as v from './values.ts'

/** The structures of the model: their attributes in the order in which `config` prints them. */

const grant = struct(
  field('source', v.text),
  field('target', v.text),
  field('uid', v.text),
  field('gid', v.text),
  field('mode', v.fileMode),
)

const build = struct(
  field('context', v.text),
  field('dockerfile', v.text),
  field('dockerfile_inline', v.text),
  field('entitlements', listOf(v.item)),
  field('args', v.environment),
  field('provenance', v.text),
  field('sbom', v.text),
  field('ssh', v.sshKeys),
  field('labels', v.labels),
  field('cache_from', v.stringList),
  field('cache_to', v.stringList),
  field('no_cache', v.flag),
  field('no_cache_filter', v.stringList),
  field('additional_contexts', v.mapping),
  field('pull', v.flag),
  field('extra_hosts', v.hosts),
  field('isolation', v.text),
  field('network', v.text),
  field('target', v.text),
  field('secrets', listOf(grant)),
  field('shm_size', v.bytes),
  field('tags', v.stringList),
  field('ulimits', mapTo(v.ulimit)),
  field('platforms', v.stringList),
  field('privileged', v.flag),
)

const hook = struct(
  field('command', v.command, { jsonDefault: 'null' }),
  field('image', v.text),
  field('user', v.text),
  field('privileged', v.flag),
  field('working_dir', v.text),
  field('environment', v.environment),
  field('per_replica', v.flag),
)

const develop = struct(
  field(
    'watch',
    listOf(
      struct(
        field('path', v.textAlways),
        field('action', v.textAlways),
        field('target', v.text),
        field('exec', hook, { dropEmpty: true, jsonDefault: 'empty' }),
        field('include', listOf(v.item)),
        field('ignore', listOf(v.item)),
        field('initial_sync', v.flag),
      ),
    ),
  ),
)

const throttle = struct(
  field('path', v.textAlways, { jsonKey: 'Path' }),
  field('rate', v.bytesAlways, { jsonKey: 'Rate' }),
)
const blkio = struct(
  field('weight', v.uint),
  field(
    'weight_device',
    listOf(
      struct(field('path', v.textAlways, { jsonKey: 'Path' }), field('weight', v.uintOrZero, { jsonKey: 'Weight' })),
    ),
  ),
  field('device_read_bps', listOf(throttle)),
  field('device_read_iops', listOf(throttle)),
  field('device_write_bps', listOf(throttle)),
  field('device_write_iops', listOf(throttle)),
)

const devices = listOf(
  struct(
    field('capabilities', listOf(v.item)),
    field('driver', v.text),
    field('count', v.deviceCount),
    field('device_ids', listOf(v.item)),
    field('options', v.mapping),
  ),
)

const resource = struct(
  field('cpus', v.cpus),
  field('memory', v.bytes),
  field('pids', v.int),
  field('devices', devices),
  field(
    'generic_resources',
    listOf(struct(field('discrete_resource_spec', struct(field('kind', v.textAlways), field('value', v.intOrZero))))),
  ),
)

const rollout = struct(
  field('parallelism', v.uintOrZero),
  field('delay', v.durationNotZero),
  field('failure_action', v.text),
  field('monitor', v.durationNotZero),
  field('max_failure_ratio', v.float32),
  field('order', v.text),
)

const deploy = struct(
  field('mode', v.text),
  field('replicas', v.intOrZero),
  field('labels', v.labels),
  field('update_config', rollout),
  field('rollback_config', rollout),
  field('resources', struct(field('limits', resource), field('reservations', resource)), {
    dropEmpty: true,
    jsonDefault: 'empty',
  }),
  field(
    'restart_policy',
    struct(
      field('condition', v.text),
      field('delay', v.duration),
      field('max_attempts', v.uintOrZero),
      field('window', v.duration),
    ),
  ),
  field(
    'placement',
    struct(
      field('constraints', listOf(v.item)),
      field('preferences', listOf(struct(field('spread', v.text)))),
      field('max_replicas_per_node', v.uint),
    ),
    { dropEmpty: true, jsonDefault: 'empty' },
  ),
  field('endpoint_mode', v.text),
)

const healthcheck = struct(
  field('test', v.healthTest),
  field('timeout', v.duration),
  field('interval', v.duration),
  field('retries', v.uintOrZero),
  field('start_period', v.duration),
  field('start_interval', v.duration),
  field('disable', v.flag),
)

const serviceNetwork = struct(
  field('aliases', listOf(v.item)),
  field('driver_opts', v.options),
  field('gw_priority', v.int),
  field('interface_name', v.text),
  field('ipv4_address', v.text),
  field('ipv6_address', v.text),
  field('link_local_ips', listOf(v.item)),
  field('mac_address', v.text),
  field('priority', v.int),
)

const port = struct(
  field('name', v.text),
  field('mode', v.text),
  field('host_ip', v.text),
  field('target', v.int),
  field('published', v.text),
  field('protocol', v.text),
  field('app_protocol', v.text),
)

const mount = struct(
  field('type', v.text),
  field('source', v.text),
  field('target', v.text),
  field('read_only', v.flag),
  field('consistency', v.text),
  field(
    'bind',
    struct(
      field('selinux', v.text),
      field('propagation', v.text),
      field('create_host_path', v.optOut),
      field('recursive', v.text),
    ),
  ),
  field('volume', struct(field('labels', v.mapping), field('nocopy', v.flag), field('subpath', v.text))),
  field('tmpfs', struct(field('size', v.bytes), field('mode', v.uint))),
  field('image', struct(field('subpath', v.text))),
)

export const service: Shape = struct(
  field('profiles', listOf(v.item)),
  field('annotations', v.mapping),
  field('attach', v.flagOrUnset),
  field('build', build),
  field('develop', develop),
  field('blkio_config', blkio),
  field('cap_add', listOf(v.item)),
  field('cap_drop', listOf(v.item)),
  field('cgroup_parent', v.text),
  field('cgroup', v.text),
  field('cpu_count', v.int),
  field('cpu_percent', v.float32),
  field('cpu_period', v.int),
  field('cpu_quota', v.int),
  field('cpu_rt_period', v.int),
  field('cpu_rt_runtime', v.int),
  field('cpus', v.float32),
  field('cpuset', v.text),
  field('cpu_shares', v.int),
  field('command', v.command, { jsonDefault: 'null' }),
  field('configs', listOf(grant)),
  field('container_name', v.text),
  field('credential_spec', struct(field('config', v.text), field('file', v.text), field('registry', v.text))),
  field(
    'depends_on',
    mapTo(struct(field('condition', v.text), field('restart', v.flag), field('required', v.flagAlways))),
  ),
  field('deploy', deploy),
  field('device_cgroup_rules', listOf(v.item)),
  field('devices', listOf(struct(field('source', v.text), field('target', v.text), field('permissions', v.text)))),
  field('dns', v.stringList),
  field('dns_opt', listOf(v.item)),
  field('dns_search', v.stringList),
  field('domainname', v.text),
  field('entrypoint', v.command, { jsonDefault: 'null' }),
  field('provider', struct(field('type', v.text), field('options', v.multiOptions))),
  field('environment', v.environment),
  field('env_file', listOf(struct(field('path', v.text), field('required', v.optOut), field('format', v.text)))),
  field('expose', v.stringOrNumberList),
  field('extends', struct(field('file', v.text), field('service', v.text))),
  field('external_links', listOf(v.item)),
  field('extra_hosts', v.hosts),
  field('group_add', listOf(v.item)),
  field('gpus', devices),
  field('hostname', v.text),
  field('healthcheck', healthcheck),
  field('image', v.text),
  field('init', v.flagOrUnset),
  field('ipc', v.text),
  field('isolation', v.text),
  field('labels', v.labels),
  field('label_file', listOf(v.item)),
  field('links', listOf(v.item)),
  field('logging', struct(field('driver', v.text), field('options', v.options))),
  field('mem_limit', v.bytes),
  field('mem_reservation', v.bytes),
  field('memswap_limit', v.bytes),
  field('mem_swappiness', v.bytes),
  field('mac_address', v.text),
  field('models', mapTo(struct(field('endpoint_var', v.text), field('model_var', v.text)), true)),
  field('network_mode', v.text),
  field('networks', mapTo(serviceNetwork, true)),
  field('oom_kill_disable', v.flag),
  field('oom_score_adj', v.int),
  field('pid', v.text),
  field('pids_limit', v.int),
  field('platform', v.text),
  field('ports', listOf(port)),
  field('privileged', v.flag),
  field('pull_policy', v.text),
  field('pull_refresh_after', v.text),
  field('read_only', v.flag),
  field('restart', v.text),
  field('runtime', v.text),
  field('scale', v.intOrZero),
  field('secrets', listOf(grant)),
  field('security_opt', listOf(v.item)),
  field('shm_size', v.bytes),
  field('stdin_open', v.flag),
  field('stop_grace_period', v.duration),
  field('stop_signal', v.text),
  field('storage_opt', mapTo(v.item)),
  field('sysctls', v.mapping),
  field('tmpfs', v.stringList),
  field('tty', v.flag),
  field('ulimits', mapTo(v.ulimit)),
  field('use_api_socket', v.flag),
  field('user', v.text),
  field('userns_mode', v.text),
  field('uts', v.text),
  field('volumes', listOf(mount)),
  field('volumes_from', listOf(v.item)),
  field('working_dir', v.text),
  field('pre_start', listOf(hook)),
  field('post_start', listOf(hook)),
  field('pre_stop', listOf(hook)),
)

const pool = struct(
  field('subnet', v.text),
  field('gateway', v.text),
  field('ip_range', v.text),
  field('aux_addresses', v.mapping),
)

export const network: Shape = struct(
  field('name', v.text),
  field('driver', v.text),
  field('driver_opts', v.options),
  field('ipam', struct(field('driver', v.text), field('config', listOf(pool)), field('options', v.options)), {
    dropEmpty: true,
    jsonDefault: 'empty',
  }),
  field('external', v.flag),
  field('internal', v.flag),
  field('attachable', v.flag),
  field('labels', v.labels),
  field('enable_ipv4', v.flagOrUnset),
  field('enable_ipv6', v.flagOrUnset),
)

export const volume: Shape = struct(
  field('name', v.text),
  field('driver', v.text),
  field('driver_opts', v.options),
  field('external', v.flag),
  field('labels', v.labels),
)

/** A secret or a config. */
export const fileObject: Shape = struct(
  field('name', v.text),
  field('file', v.text),
  field('environment', v.text),
  field('content', v.text),
  field('external', v.flag),
  field('labels', v.labels),
  field('driver', v.text),
  field('driver_opts', mapTo(v.item)),
  field('template_driver', v.text),
)

export const model: Shape = struct(
  field('name', v.text),
  field('model', v.text),
  field('context_size', v.int),
  field('runtime_flags', listOf(v.item)),
)
