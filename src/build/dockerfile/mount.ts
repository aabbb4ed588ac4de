import { posix } from 'node:path'
import type { Where } from '../../errors.ts'
import { closest } from '../../suggest.ts'
import { invalid } from './lines.ts'
import { fieldsOf, type Key, MountFields, readValues } from './mount-fields.ts'
import type { RunMount } from './step.ts'

type MountType = RunMount['type']
const types: readonly MountType[] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh']
/** Keys each type of mount has besides `type` and `target`. BuildKit lets a few pass and ignores them; that helps nobody. */
const allowed: Readonly<Record<MountType, readonly Key[]>> = {
  bind: ['from', 'source', 'readonly', 'readwrite'],
  cache: ['from', 'source', 'readonly', 'readwrite', 'id', 'sharing', 'mode', 'uid', 'gid'],
  tmpfs: ['size', 'readonly', 'readwrite'],
  secret: ['id', 'source', 'required', 'mode', 'uid', 'gid', 'env', 'readonly', 'readwrite'],
  ssh: ['id', 'required', 'mode', 'uid', 'gid', 'readonly', 'readwrite'],
}

/** Where a mount's files come from, which has to be known before variables are. */
export function mountFrom(text: string, where: Where): { readonly from?: string } {
  const field = fieldsOf(text).findLast(candidate => /^from=/i.test(candidate))
  const from = field?.slice('from='.length)
  if (!from) return {}
  if (/\$./.test(from)) {
    invalid(where, "'from' doesn't support variable expansion", 'define a stage with FROM and mount from that')
  }
  return { from }
}

/**
 * Reads the value of `--mount`.
 * @param expand expands the variables of one value
 * @throws TscomposeError BUILD_DOCKERFILE_INVALID
 */
export function readMount(text: string, where: Where, expand: (value: string) => string): RunMount {
  const values = readValues(text, where, expand)
  const type = mountType(values.get('type'), where)
  for (const key of values.keys()) {
    if (key === 'type' || key === 'target' || allowed[type].includes(key)) continue
    invalid(where, `unexpected key '${key}' for mount type '${type}'`)
  }
  const fields = new MountFields(values, where)
  switch (type) {
    case 'bind':
      return {
        type,
        target: fields.target(),
        ...fields.optional('from'),
        source: values.get('source') ?? '',
        readonly: fields.readonly(true),
      }
    case 'cache': {
      const target = fields.target()
      return {
        type,
        target,
        id: values.get('id') || posix.normalize(target),
        ...fields.optional('from'),
        source: values.get('source') ?? '',
        readonly: fields.readonly(false),
        sharing: fields.sharing(),
        ...fields.owner(0o755),
      }
    }
    case 'tmpfs':
      return { type, target: fields.target(), ...fields.size() }
    case 'secret':
      return secret(values, fields, where)
    case 'ssh':
      return {
        type,
        id: values.get('id') || 'default',
        ...fields.optional('target'),
        required: fields.boolean('required') ?? false,
        ...fields.owner(0o600),
      }
  }
}

function secret(values: ReadonlyMap<Key, string>, fields: MountFields, where: Where): RunMount {
  const { target } = fields.optional('target')
  if (values.get('source') && values.get('id')) invalid(where, "both source and id can't be set")
  const id = values.get('source') || values.get('id') || (target && posix.basename(target))
  if (!id) invalid(where, 'invalid secret mount. one of source, target required', 'give it an id: id=NAME')
  const file = target ?? (values.has('env') ? undefined : `/run/secrets/${posix.basename(id)}`)
  return {
    type: 'secret',
    id,
    ...(file && { target: file }),
    ...fields.optional('env'),
    required: fields.boolean('required') ?? false,
    ...fields.owner(0o400),
  }
}

function mountType(value: string | undefined, where: Where): MountType {
  if (value === undefined) return 'bind'
  const type = types.find(candidate => candidate === value.toLowerCase())
  if (type) return type
  const nearest = closest(value, types)
  return invalid(where, `unsupported mount type ${JSON.stringify(value)}`, nearest && `did you mean ${nearest}?`)
}
