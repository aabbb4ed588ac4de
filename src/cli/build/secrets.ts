import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { badFlag } from '../create/parsed.ts'

interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

type Secret = { readonly File: string } | { readonly Value: string }

/** `id=ID[,src=FILE][,env=NAME][,type=file|env]`. @returns the id, and where the secret is */
export function secretOf(text: string, { cwd, env }: Place): [id: string, Secret] {
  const fields = Object.fromEntries(
    text.split(',').map(field => {
      const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(field) ?? []
      return [name.toLowerCase(), value]
    }),
  )
  const { id, type, src, source = src, env: variable, ...others } = fields
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw badFlag(`invalid secret "${text}": unexpected key '${unknown}'`)
  if (!id) throw badFlag(`invalid secret "${text}": it has no id`)
  if (type !== undefined && type !== 'file' && type !== 'env')
    throw badFlag(`invalid secret "${text}": unsupported secret type "${type}"`)
  const name = variable ?? (type === 'env' ? (source ?? id) : undefined)
  // As BuildKit has it: without a source it is the variable of that name, and a file if there is none.
  const implied = source === undefined && type !== 'file' && env[id] !== undefined ? id : undefined
  const from = name ?? implied
  if (from === undefined) return [id, { File: fileOf(source ?? id, cwd, text) }]
  const value = env[from]
  if (value === undefined) throw badFlag(`invalid secret "${text}": the variable ${from} is not set`)
  return [id, { Value: Buffer.from(value).toString('base64') }]
}

function fileOf(path: string, cwd: string, text: string): string {
  const file = resolve(cwd, path)
  if (!existsSync(file)) throw badFlag(`invalid secret "${text}": there is no file ${file}`)
  return file
}

/** `default`, `ID=SOCKET` or `ID=KEY[,KEY...]`. @returns the id, and paths separated by commas */
export function sshOf(text: string, { cwd, env }: Place): [id: string, paths: string] {
  const [, id = text, paths = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? []
  if (paths !== '')
    return [
      id,
      paths
        .split(',')
        .map(path => resolve(cwd, path))
        .join(','),
    ]
  if (env.SSH_AUTH_SOCK) return [id, env.SSH_AUTH_SOCK]
  throw badFlag(
    `invalid ssh "${text}": there is no agent, SSH_AUTH_SOCK is not set; give a socket or a key: ${id}=PATH`,
  )
}
