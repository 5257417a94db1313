// Before the first paint: the colour scheme that was chosen, so that a dark screen does not flash white.
(function () {
  var chosen = null;
  try {
    chosen = localStorage.getItem('tillvault.scheme');
  } catch {
    // Storage is closed in some private windows.
  }
  var dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light');
})();
