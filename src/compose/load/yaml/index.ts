export type { Constructed, Path } from './construct.ts'
export { construct } from './construct.ts'
export { parseYaml } from './parse.ts'
export { Source } from './source.ts'
