// A box above each long table that hides the lines without the text typed into it. Without this script all lines show.
'use strict';
for (const label of document.querySelectorAll('label.filter')) {
  const box = label.querySelector('input');
  const lines = document.querySelectorAll('#' + label.dataset.table + ' tbody tr');
  const count = label.querySelector('output');
  const apply = () => {
    const wanted = box.value.toLowerCase();
    let shown = 0;
    for (const line of lines) {
      line.hidden = !line.textContent.toLowerCase().includes(wanted);
      shown += line.hidden ? 0 : 1;
    }
    count.textContent = shown + ' of ' + lines.length;
  };
  box.addEventListener('input', apply);
  label.hidden = false;
  apply();
}
const open = [];
addEventListener('beforeprint', () => {
  for (const part of document.querySelectorAll('details:not([open])')) {
    part.open = true;
    open.push(part);
  }
});
addEventListener('afterprint', () => {
  for (const part of open.splice(0)) part.open = false;
});
