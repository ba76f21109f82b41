// Pages of machines for places without a line. Only what somebody asked to keep is kept, and it goes when they sign out. The
// centre is asked first, always: what is kept is shown when it cannot be reached, and kept anew when it can.
"use strict";
const CACHE = "nhip-machines";
const PARTS = /(?:src|href)="(\/static\/[^"]+)"/g;
const OURS = /^\/(machines|units\/[^/]+\/machines|static)(\/|$)/;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => event.waitUntil(keep(event.data).then(
  (count) => event.ports[0].postMessage(count),
)));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "POST" && pathname === "/sign-out") event.waitUntil(caches.delete(CACHE));
  else if (request.method === "GET" && OURS.test(pathname)) event.respondWith(answer(request));
});

// Keeps the addresses, and the scripts and styles of each page among them. How many that were.
async function keep(addresses) {
  const cache = await caches.open(CACHE), wanted = new Set(addresses);
  let count = 0;
  for (const address of wanted) { // which grows meanwhile
    try {
      const found = await fetch(address, { redirect: "error" });
      if (!found.ok) continue;
      if ((found.headers.get("Content-Type") || "").startsWith("text/html")) {
        for (const [, part] of (await found.clone().text()).matchAll(PARTS)) wanted.add(part);
      }
      await cache.put(address, found);
      count += 1;
    } catch { /* the next one may be reached */ }
  }
  return count;
}

async function answer(request) {
  try {
    const found = await fetch(request);
    if (found.ok && !found.redirected && await caches.has(CACHE)) {
      const cache = await caches.open(CACHE);
      if (await cache.match(request, { ignoreVary: true })) await cache.put(request, found.clone());
    }
    return found;
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}
