// The shapes of /api/v1 that the page reads. Times are epoch milliseconds, named *_ms.
export * from "./shapes/incident";
export * from "./shapes/series";
export * from "./shapes/server";
