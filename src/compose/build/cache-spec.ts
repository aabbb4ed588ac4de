import { resolve } from 'node:path'

/** Makes the paths in `type=local,src=DIR` and `type=local,dest=DIR` absolute: the engine has a directory of its own. */
export const absoluteCache = (text: string, directory: string): string =>
  /(?:^|,)type=local(?:,|$)/.test(text)
    ? text.replace(/(^|,)(src|dest)=([^,]*)/g, (_, comma, key, path) => `${comma}${key}=${resolve(directory, path)}`)
    : text
