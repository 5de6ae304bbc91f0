//! What is in the file, without a browser.
