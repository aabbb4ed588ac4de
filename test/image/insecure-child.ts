import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openImageStore } from '../../src/image/store.ts'
import { startFakeRegistry } from './fake-registry.ts'
import { makeCertificates, tcpFront, tlsFront } from './fronts.ts'
import { buildImage } from './image-builder.ts'
import { file } from './tar-builder.ts'

/**
 * In a network namespace where 10.9.9.9 is an address of this machine: pulls from a registry there without TLS, and from one
 * whose certificate nobody knows; unlisted, and listed as insecure. Prints what becomes of each.
 */
const directory = mkdtempSync(join(tmpdir(), 'tsc-insecure-'))
const t = { after() {} } as unknown as TestContext
const registry = await startFakeRegistry(t)
registry.add('demo:1', buildImage([[file('a', 'x')]]))
const read = makeCertificates(join(directory, 'certificates'), 'nobody')
const plain = await tcpFront(t, registry.url, '10.9.9.9')
const tls = await tlsFront(t, registry.url, { key: read('nobody.key'), cert: read('nobody.crt') }, '10.9.9.9')
for (const [number, insecureRegistries] of [[], ['10.9.9.0/24'], [`10.9.9.9:${plain}`]].entries()) {
  const dataDir = join(directory, String(number))
  const store = await openImageStore({ dataDir, registryMirrors: [], insecureRegistries })
  for (const [what, port] of Object.entries({ plain, tls }))
    console.log(
      number,
      what,
      await store.pull(`10.9.9.9:${port}/demo:1`, {}, new AbortController().signal).then(
        () => 'pulled',
        error => error.code,
      ),
    )
}
rmSync(directory, { recursive: true })
process.exit()
