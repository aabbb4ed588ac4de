import { readFileSync } from 'node:fs'

/** The version in package.json, which lies two levels up in a checkout and one level up from the bundle in dist/. */
export const version: string = (() => {
  for (const manifest of ['../package.json', '../../package.json'])
    try {
      return JSON.parse(readFileSync(new URL(manifest, import.meta.url), 'utf8')).version
    } catch {}
  throw new Error('package.json is missing')
})()
