import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonicalName, familiarName, parseReference } from '../../src/image/reference.ts'

const hex = 'c'.repeat(64)

/** What a user may write, the normal form, and the form Docker shows. */
const good: [string, string, string][] = [
  ['nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
  ['nginx:alpine', 'docker.io/library/nginx:alpine', 'nginx:alpine'],
  ['library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
  ['docker.io/nginx:1', 'docker.io/library/nginx:1', 'nginx:1'],
  ['index.docker.io/library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
  ['docker.io/library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
  ['bitnami/redis:7.2', 'docker.io/bitnami/redis:7.2', 'bitnami/redis:7.2'],
  ['ghcr.io/owner/app', 'ghcr.io/owner/app:latest', 'ghcr.io/owner/app:latest'],
  ['localhost/app', 'localhost/app:latest', 'localhost/app:latest'],
  ['localhost:5000/app:v1', 'localhost:5000/app:v1', 'localhost:5000/app:v1'],
  ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest', '127.0.0.1:5000/a/b/c:latest'],
  ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app:latest'],
  ['Registry/app', 'Registry/app:latest', 'Registry/app:latest'],
  [`nginx@sha256:${hex}`, `docker.io/library/nginx@sha256:${hex}`, `nginx@sha256:${hex}`],
  [`nginx:1@sha256:${hex}`, `docker.io/library/nginx@sha256:${hex}`, `nginx@sha256:${hex}`],
  ['a__b-c---d.e', 'docker.io/library/a__b-c---d.e:latest', 'a__b-c---d.e:latest'],
  ['app:Tag_1.2-x', 'docker.io/library/app:Tag_1.2-x', 'app:Tag_1.2-x'],
]
for (const [text, canonical, familiar] of good)
  test(`${text} is ${canonical}`, () => {
    const reference = parseReference(text)
    assert.equal(canonicalName(reference), canonical)
    assert.equal(familiarName(reference), familiar)
    assert.deepEqual(parseReference(familiarName(reference)), parseReference(canonicalName(reference)))
  })

test('a tag is kept beside a digest', () => {
  const { tag, digest } = parseReference(`app:1@sha256:${hex}`)
  assert.deepEqual({ tag, digest }, { tag: '1', digest: `sha256:${hex}` })
})

const bad: [string, RegExp][] = [
  ['', /invalid reference format/],
  [':latest', /invalid reference format/],
  ['nginx:', /invalid reference format/],
  ['nginx:-x', /invalid reference format/],
  [`nginx:${'x'.repeat(129)}`, /invalid reference format/],
  ['nginx@', /invalid reference format/],
  ['a//b', /invalid reference format/],
  ['/nginx', /invalid reference format/],
  ['nginx/', /invalid reference format/],
  ['a..b', /invalid reference format/],
  ['-nginx', /invalid reference format/],
  ['foo_bar.example/a', /invalid reference format/],
  ['nginx latest', /invalid reference format/],
  ['../etc/passwd', /invalid reference format/],
  ['Nginx', /repository name \(library\/Nginx\) must be lowercase/],
  ['ghcr.io/Owner/app:1', /repository name \(Owner\/app\) must be lowercase/],
  [hex, /cannot specify 64-byte hexadecimal strings/],
  ['a'.repeat(256), /must not be more than 255 characters/],
  [`nginx@sha512:${hex}${hex}`, /unsupported digest algorithm/],
  [`nginx@sha256:${'c'.repeat(63)}`, /invalid checksum digest length/],
  [`nginx@sha256:${'C'.repeat(64)}`, /invalid checksum digest format/],
]
for (const [text, message] of bad)
  test(`"${text.slice(0, 70)}" is refused: ${message.source}`, () =>
    assert.throws(() => parseReference(text), { code: 'IMAGE_REFERENCE_INVALID', message }))
