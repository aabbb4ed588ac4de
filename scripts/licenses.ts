import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Locked {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly optional?: boolean
}

/** The licences of the packages of which the bundle has something: their texts have to go along with it. */
export function bundledLicenses(root: string): string {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>
  }
  return Object.entries(packages)
    .filter(([folder, { dev, optional }]) => folder !== '' && !dev && !optional)
    .map(([folder, { version, license }]) => {
      const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)
      const texts = globSync('{LICENSE,LICENCE,license,licence}*', { cwd: join(root, folder) })
      const text = texts.map(file => readFileSync(join(root, folder, file), 'utf8').trim()).join('\n\n')
      return `${name} ${version} (${license})\n\n${text || `Its package has no text of the ${license} licence.`}\n`
    })
    .join(`\n${'-'.repeat(80)}\n\n`)
}
