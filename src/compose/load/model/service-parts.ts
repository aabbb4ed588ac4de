import { field, listOf, mapTo, struct } from './shape.ts'
import * as v from './values.ts'

/** The structures within a service: their attributes in the order in which `config` prints them. */

export const grant = struct(
  field('source', v.text),
  field('target', v.text),
  field('uid', v.text),
  field('gid', v.text),
  field('mode', v.fileMode),
)

export const build = struct(
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

export const hook = struct(
  field('command', v.command, { jsonDefault: 'null' }),
  field('image', v.text),
  field('user', v.text),
  field('privileged', v.flag),
  field('working_dir', v.text),
  field('environment', v.environment),
  field('per_replica', v.flag),
)

export const develop = struct(
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
export const blkio = struct(
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

export const devices = listOf(
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

export const deploy = struct(
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

export const healthcheck = struct(
  field('test', v.healthTest),
  field('timeout', v.duration),
  field('interval', v.duration),
  field('retries', v.uintOrZero),
  field('start_period', v.duration),
  field('start_interval', v.duration),
  field('disable', v.flag),
)

export const serviceNetwork = struct(
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

export const port = struct(
  field('name', v.text),
  field('mode', v.text),
  field('host_ip', v.text),
  field('target', v.int),
  field('published', v.text),
  field('protocol', v.text),
  field('app_protocol', v.text),
)

export const mount = struct(
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
