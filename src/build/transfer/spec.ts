import { TscomposeError } from '../../errors.ts'

/** Where steps are taken from that other machines have carried out. */
export type CacheSource =
  | { readonly type: 'registry'; readonly reference: string; readonly mayBeHere: boolean }
  | { readonly type: 'local'; readonly directory: string; readonly tag?: string; readonly digest?: string }

/** Where steps are left for other machines; `all`: also those of stages that are not in the image (`mode=max`). */
export type CacheTarget =
  | { readonly type: 'inline' }
  | { readonly type: 'registry'; readonly reference: string; readonly all: boolean; readonly mayFail: boolean }
  | { readonly type: 'local'; readonly directory: string; readonly all: boolean; readonly mayFail: boolean }

/** What is always so here, and may be said. */
const agreed: Readonly<Record<string, string>> = { 'oci-mediatypes': 'true', 'image-manifest': 'true' }

/** `--cache-from`: a reference alone, or fields. @throws TscomposeError BUILD_CACHE_INVALID */
export function parseCacheSource(text: string): CacheSource {
  const fields = fieldsOf(text)
  if (!fields) return { type: 'registry', reference: text, mayBeHere: true }
  const { type, ref, src, tag, digest, ...others } = fields
  if (type === 'registry' || type === 'local') checkOthers(text, others)
  if (type === 'registry') return { type, reference: needed(text, 'ref', ref), mayBeHere: false }
  if (type === 'local')
    return { type, directory: needed(text, 'src', src), ...(tag && { tag }), ...(digest && { digest }) }
  throw unsupported(text, type)
}

/** `--cache-to`. @throws TscomposeError BUILD_CACHE_INVALID */
export function parseCacheTarget(text: string): CacheTarget {
  const fields = fieldsOf(text) ?? { type: 'registry', ref: text }
  const { type, ref, dest, mode = 'min', 'ignore-error': ignoreError = 'false', ...others } = fields
  if (type !== 'inline' && type !== 'registry' && type !== 'local') throw unsupported(text, type)
  checkOthers(text, others)
  if (mode !== 'min' && mode !== 'max') throw invalid(text, `mode is min or max, not "${mode}"`)
  const options = { all: mode === 'max', mayFail: ignoreError === 'true' }
  if (type === 'inline') return { type }
  if (type === 'registry') return { type, reference: needed(text, 'ref', ref), ...options }
  return { type, directory: needed(text, 'dest', dest), ...options }
}

function fieldsOf(text: string): Record<string, string> | undefined {
  if (!/^[a-z-]+=/.test(text)) return undefined
  return Object.fromEntries(
    text.split(',').map(field => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(field) ?? []
      return [name.trim().toLowerCase(), value.trim()]
    }),
  )
}

function checkOthers(text: string, others: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(others))
    if (agreed[name] !== value) throw invalid(text, `"${name}=${value}" is not supported`)
}

function needed(text: string, name: string, value: string | undefined): string {
  if (value) return value
  throw invalid(text, `${name} is missing`)
}

const invalid = (text: string, why: string): TscomposeError =>
  new TscomposeError('BUILD_CACHE_INVALID', `build cache "${text}": ${why}`)

const unsupported = (text: string, type: string | undefined): TscomposeError =>
  invalid(text, `type is registry, local or inline${type ? `, not "${type}"` : ', and missing'}`)
