import type { ProjectNetwork, ProjectVolume } from './project.ts'

export { portlessHash, serviceHash as configHash } from './config.ts'

/** Of a definition as it is, but for the key it has in the file: the same network under another key is the same. */
export const networkHash = ({ key: _, ...network }: ProjectNetwork): string => hash(network)
export const volumeHash = ({ key: _, ...volume }: ProjectVolume): string =>
  hash({ ...volume, driver: volume.driver ?? 'local' })

/** Only who computes one pays for the module: loading it takes 4 ms. */
const hash = (value: unknown): string =>
  process.getBuiltinModule('node:crypto').createHash('sha256').update(JSON.stringify(value, sortKeys)).digest('hex')

/** A replacer for JSON.stringify that writes the keys of every map in order. */
const sortKeys = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value
