/** Not of Docker: nobody outside may be asked for what is done for a request that has this header. */
export const OFFLINE_HEADER = 'x-tscompose-offline'
