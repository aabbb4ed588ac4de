/**
 * Node's `http` module without its ES module wrapper: that one reads every export, among them the lazy `WebSocket`,
 * which loads undici. It takes 25 ms and several megabytes, where the module itself takes 4 ms.
 */
export const http: typeof import('node:http') = process.getBuiltinModule('node:http')
