import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf, TscomposeError } from '../../errors.ts'
import { type CdiEdits, type CdiSpec, parseCdiSpec } from './spec.ts'

/** The devices that the specifications on this machine describe. */
export interface Catalogue {
  /** The names of all devices, `vendor.com/class=name`, in order. */
  readonly names: readonly string[]
  readonly directories: readonly string[]
  /**
   * What a device needs: its own edits, and those of all devices of its specification, which many may share.
   * @throws TscomposeError ENGINE_CDI_DEVICE_UNKNOWN, ENGINE_CDI_SPEC_INVALID
   */
  editsOf(name: string): { readonly common: CdiEdits | undefined; readonly own: CdiEdits | undefined }
}

interface Entry {
  readonly spec: CdiSpec
  readonly own: CdiEdits | undefined
  /** Another file of the same directory has a device of this name, too. */
  readonly conflict?: string
}

/**
 * Reads the specifications of some directories, of which a later one goes before an earlier one (CDI, pkg/cdi): what a
 * machine generates at its start in /var/run/cdi before what was put in /etc/cdi. They are read anew each time, as few
 * and short as they are: devices come and go.
 */
export async function readCatalogue(directories: readonly string[]): Promise<Catalogue> {
  const entries = new Map<string, Entry>()
  const broken: TscomposeError[] = []
  for (const directory of directories) {
    const here = new Map<string, Entry & { file: string }>()
    for (const file of await specificationsIn(directory)) {
      const spec = await readSpec(file).catch(error => void broken.push(error))
      for (const { name, containerEdits: own } of spec?.devices ?? []) {
        const qualified = `${spec?.kind}=${name}`
        const other = here.get(qualified)
        if (spec) here.set(qualified, { spec, own, file, ...(other && { conflict: `${other.file} and ${file}` }) })
      }
    }
    for (const [name, entry] of here) entries.set(name, entry)
  }
  return {
    names: [...entries.keys()].sort(),
    directories,
    editsOf: name => {
      const entry = entries.get(name)
      if (entry?.conflict) throw unresolvable(name, `${entry.conflict} both describe it.`)
      if (entry) return { common: entry.spec.containerEdits, own: entry.own }
      if (broken[0]) throw broken[0] // which may be the one that has it
      throw unresolvable(name, howToGet(name, [...entries.keys()].sort(), directories))
    },
  }
}

const unresolvable = (name: string, fix: string) =>
  new TscomposeError('ENGINE_CDI_DEVICE_UNKNOWN', `CDI device injection failed: unresolvable CDI devices ${name}`, {
    fix,
  })

function howToGet(name: string, known: readonly string[], directories: readonly string[]): string {
  const where = directories.join(' and ')
  if (known.length > 0) return `The specifications in ${where} have ${known.slice(0, 20).join(', ')}.`
  const how = name.startsWith('nvidia.com/') ? ', such as "nvidia-ctk cdi generate --disable-hook=all"' : ''
  return `There is no specification in ${where}: a tool of the device's vendor writes one${how}.`
}

async function specificationsIn(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []) // most machines have none
  return names
    .filter(name => /\.(json|yaml)$/.test(name))
    .sort()
    .map(name => join(directory, name))
}

async function readSpec(file: string): Promise<CdiSpec> {
  const document = await readFile(file, 'utf8')
    .then(async text => (file.endsWith('.json') ? JSON.parse(text) : (await import('yaml')).default.parse(text)))
    .catch(cause => {
      const message = `cannot read the CDI specification ${file}: ${messageOf(cause)}`
      throw new TscomposeError('ENGINE_CDI_SPEC_INVALID', message, { cause })
    })
  return parseCdiSpec(document, file)
}
