/**
 * Built-in modules without their ES module wrappers, for what every command loads. A wrapper reads every export: that
 * of `http` loads undici for its lazy `WebSocket`, 25 ms and several megabytes where the module itself takes 4 ms.
 */
export const http: typeof import('node:http') = process.getBuiltinModule('node:http')
export const net: typeof import('node:net') = process.getBuiltinModule('node:net')
