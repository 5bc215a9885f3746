"""What compilers and linkers leave behind, read: ELF files, link maps, call graphs."""
