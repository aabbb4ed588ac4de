import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'

/**
 * A new directory, which goes when the test has ended.
 * @param t without it, when the file's tests have
 */
export function temporaryDirectory(name: string, t?: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), `tscompose-${name}-`))
  const remove = () => rmSync(path, { recursive: true, force: true })
  if (t) t.after(remove)
  else after(remove)
  return path
}
