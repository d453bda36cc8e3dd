// Single sign-on leads through another site, where what stands behind # is lost: it waits in this tab.
if (location.hash.length > 2) sessionStorage.setItem("watchkeeper.place", location.hash);
