/** A mount in the long form of the file: only what the short syntax says. */
export interface VolumeMount {
  type: 'bind' | 'volume'
  source?: string
  target: string
  read_only?: true
  bind?: { selinux?: string; propagation?: string; create_host_path?: false }
  volume?: { nocopy?: true }
}

const PROPAGATIONS = new Set(['rprivate', 'private', 'rshared', 'shared', 'rslave', 'slave'])
const LETTER = /^\p{L}$/u

/**
 * Reads `[SOURCE:]TARGET[:OPTIONS]`.
 * @throws Error in the words of the original
 */
export function parseVolume(spec: string): VolumeMount {
  if (spec === '') throw new Error('invalid empty volume spec')
  if (spec.length <= 2) return { type: 'volume', target: spec }
  const fail = (problem: string): never => {
    throw new Error(`invalid spec: ${spec}: ${problem}`)
  }
  const parts = split(spec)
  if (parts.includes('')) fail('empty section between colons')
  if (parts.length > 3) fail('too many colons')
  const [source, target, options] = parts.length === 1 ? [undefined, parts[0], undefined] : parts
  const mount: VolumeMount = { type: 'volume', target: target ?? '' }
  if (source !== undefined) mount.source = source
  for (const option of options?.split(',') ?? []) apply(mount, option)
  if (source !== undefined && isPath(source)) {
    mount.type = 'bind'
    mount.bind ??= {}
  } else {
    // Options of bind mounts on a volume bring an empty bind section along, whose default is then false.
    if (mount.bind) mount.bind.create_host_path = false
    mount.volume ??= {}
  }
  return mount
}

/** At the colons that separate, which is none inside `${...}` and none after a drive letter. */
function split(spec: string): string[] {
  const parts: string[] = []
  let part = ''
  let open = 0
  for (let at = 0; at < spec.length; at++) {
    const char = spec[at] ?? ''
    if (char === '$' && spec[at + 1] === '{') open++
    else if (char === '}' && open > 0) open--
    else if (char === ':' && !LETTER.test(part) && open === 0) {
      parts.push(part)
      part = ''
      continue
    }
    part += char
  }
  // An unclosed brace hides the end of the text from the original, which then drops the last part.
  return open > 0 ? parts : [...parts, part]
}

function apply(mount: VolumeMount, option: string): void {
  if (option === 'ro') mount.read_only = true
  else if (option === 'rw') delete mount.read_only
  else if (option === 'nocopy') mount.volume = { nocopy: true }
  else if (PROPAGATIONS.has(option)) mount.bind = { ...mount.bind, propagation: option }
  else if (option === 'z' || option === 'Z') mount.bind = { ...mount.bind, selinux: option }
}

function isPath(source: string): boolean {
  if (/^[./~]/.test(source) || source.startsWith('\\\\')) return true
  return LETTER.test(source[0] ?? '') && source[1] === ':'
}
