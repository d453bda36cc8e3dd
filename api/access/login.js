// Single sign-on leads through another site, where what stands behind # is lost: it waits in this tab.
try {
  if (location.hash.length > 2) sessionStorage.setItem("watchkeeper.place", location.hash);
  else sessionStorage.removeItem("watchkeeper.place");
} catch {
  // storage may be switched off
}
